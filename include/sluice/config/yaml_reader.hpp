#pragma once

#include <sluice/config/diagnostic.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reads one YAML document strictly, into a tree that knows the line and column of everything.
///
/// Built from yaml-cpp's events and not from its nodes: those silently keep duplicate keys, resolve aliases, have no
/// position for some nodes, and convert texts to numbers as YAML 1.1 does. Here a scalar is only its text.
namespace sluice::config {

struct member;

/// A node of the document. Lines and columns count from 1.
struct node {
    /// What a node is.
    enum class kind { null, scalar, sequence, mapping };

    kind what{kind::null};
    int line{1};
    int column{1};
    std::string origin;  ///< the variable or flag the node came from; "": the file, at line and column
    std::string text;    ///< scalar: its value, expanded by `expand`
    std::string written; ///< scalar: its value as it is in the file
    /// Scalar: how far behind `column` its text begins, where it stands in the file as it is, on one line: 0, or 1 in
    /// quotes. Nullopt: escapes, folded lines and what `expand` replaced stand otherwise in the file.
    std::optional<int> text_at{};
    bool broken{false};      ///< scalar: it could not be expanded, for which an error was added; its text means nothing
    std::vector<node> items; ///< sequence
    std::vector<member> pairs; ///< mapping, in the order of the file
};

/// A key of a mapping (always a scalar) and its value.
struct member {
    node first;
    node second;
};

/// Limits of a document. That on nodes bounds memory and time, that on depth the stack.
struct yaml_limits {
    std::size_t bytes{1024UL * 1024};
    std::size_t nodes{20000};
    std::size_t depth{16};
};

/// Reads `text`, the contents of `file`, into `root`. Returns what is wrong, `root` being usable only where that is
/// nothing: text that is not UTF-8 or holds control characters, bad YAML, an empty or a second document, anchors,
/// aliases and tags (refused: an alias can be a bomb or a cycle), keys that are no scalars, duplicate keys (all of
/// them), and more than `limits` allow.
[[nodiscard]] std::vector<diagnostic> read_yaml(std::string_view text, std::string_view file, node& root,
                                                const yaml_limits& limits = {});

/// Replaces `${NAME}` and `${NAME:-default}` in every scalar value beneath `root` that came from the file, and `$$` by
/// `$`. The default (up to the next `}`, taken as it is) stands in for an unset or empty variable, as in a shell. What
/// comes out is never read as YAML. Errors are added for unset names, for a `$` with anything else behind it, for
/// results that are not UTF-8, and for results above 64 KiB.
void expand(node& root, const std::map<std::string, std::string, std::less<>>& environment, std::string_view file,
            std::vector<diagnostic>& diagnostics);

/// Sets the scalar at `path` (keys; "0" is the first item of a sequence) to `text` and replaces what is there. Missing
/// mappings and sequences on the way are made. `origin`: the variable or flag that the text is from. Does nothing where
/// a scalar is on the way, which is an error when the document is read.
void overlay(node& root, std::string_view path, std::string text, std::string_view origin);

} // namespace sluice::config
