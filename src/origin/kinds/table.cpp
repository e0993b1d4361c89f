#include <sluice/origin/kinds/azure.hpp>
#include <sluice/origin/kinds/gcs.hpp>
#include <sluice/origin/kinds/local.hpp>
#include <sluice/origin/kinds/s3.hpp>
#include <sluice/origin/kinds/table.hpp>

#include <array>

namespace sluice::origin {

config::store_kinds store_kinds() noexcept {
    static const std::array<const config::store_kind*, 4> kinds{&s3_kind(), &gcs_kind(), &azure_kind(), &local_kind()};
    return kinds;
}

} // namespace sluice::origin
