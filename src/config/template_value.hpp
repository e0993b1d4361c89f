#pragma once

#include <sluice/config/text_template.hpp>

#include <cstddef>
#include <string_view>

namespace sluice::config {

/// Reads what stands between two braces. `text`: without them. `at`: where it stands in the template.
[[nodiscard]] parsed<template_value> read_value(std::string_view text, std::size_t at, const template_scope& scope);

} // namespace sluice::config
