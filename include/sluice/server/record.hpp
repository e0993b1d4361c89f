#pragma once

#include <sluice/proxy/services.hpp>
#include <sluice/server/access_log.hpp>
#include <sluice/server/open_exchanges.hpp>

/// What is kept of an exchange when it has ended: metrics, and a line of the access log.
namespace sluice::server {

/// Records an exchange that has ended. `phases`: of its worker.
void record(session::exchange& x, const proxy::services& phases, access_log& log);

/// Records those that end with the process, however far they came. A tunnel has no end that could be missed.
void record_cut_off(open_exchanges& open, const proxy::services& phases, access_log& log);

} // namespace sluice::server
