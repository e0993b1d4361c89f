#include <sluice/proxy/media_step.hpp>

namespace sluice::proxy {

auth_step after_authorization(authorize::auth_decision d, bool client_gone, bool has_denial) noexcept {
    if (client_gone) {
        return auth_step::drop_client;
    }
    switch (d) {
    case authorize::auth_decision::allowed:
        return auth_step::deliver;
    case authorize::auth_decision::denied:
        return has_denial ? auth_step::send_denial : auth_step::relay_denied;
    case authorize::auth_decision::unresolved:
        return auth_step::relay_unresolved;
    case authorize::auth_decision::error:
        break;
    }
    return auth_step::fall_back;
}

metrics::outcome outcome_of_denied(unsigned final_status) noexcept {
    return final_status >= 400 || final_status == 0 ? metrics::outcome::denied : metrics::outcome::relay;
}

bool may_name_object(unsigned status) noexcept {
    return status == 200 || status == 206 || status == 416;
}

failure_step after_failure(const error& e, bool head_sent, app_response so_far) noexcept {
    if (head_sent) {
        return failure_step::cut;
    }
    if (e.source == error_source::client) {
        return failure_step::drop_client;
    }
    return so_far == app_response::held_back ? failure_step::send_error : failure_step::fall_back;
}

} // namespace sluice::proxy
