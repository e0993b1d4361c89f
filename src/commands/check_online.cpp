#include <sluice/authorize/allow_rule.hpp>
#include <sluice/commands/check_online.hpp>
#include <sluice/commands/probe.hpp>
#include <sluice/http/fields.hpp>
#include <sluice/identity/rfc3339.hpp>
#include <sluice/media/expand.hpp>
#include <sluice/media/path_template.hpp>
#include <sluice/origin/store_kind.hpp>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "one_shot.hpp"
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <variant>

namespace sluice::commands {

namespace {

/// Prints findings as they come, and remembers whether any was a failure.
class findings {
public:
    explicit findings(std::ostream& out)
        : out_(out) {}

    void tell(const std::string& about, std::string_view text) { out_ << about << ": " << text << '\n'; }
    void fail(const std::string& about, std::string_view text) {
        tell(about, std::string("FAILED: ").append(text));
        good_ = false;
    }
    [[nodiscard]] bool good() const noexcept { return good_; }

private:
    std::ostream& out_;
    bool good_{true};
};

/// A name that no object and no user has.
std::string random_name() {
    return boost::uuids::to_string(boost::uuids::random_generator()());
}

std::string text_of(const error& e) {
    const auto code = to_string(e.code);
    if (e.detail.find(code) != std::string::npos) { // the errors of HTTP calls name their code themselves
        return without_secrets(e.detail);
    }
    return std::string(code) + (e.detail.empty() ? "" : ": " + without_secrets(e.detail));
}

std::string_view credentials_of(const config::store& s) {
    return s.anonymous ? "none (anonymous)" : origin::kind_of(s).fixed_credentials(s);
}

/// `origin::make_signing`, with what it throws as an error. The detail holds no secret.
result<sign::signing> make_signing(const config::store& s) {
    try {
        return origin::make_signing(s);
    } catch (const std::exception& e) {
        return error{errc::bad_config, error_source::internal, false, without_secrets(e.what())};
    }
}

void tell_identity(const std::string& about, const config::store& s, const sign::signing& with, findings& out) {
    if (with.refreshables.empty()) {
        out.tell(about,
                 std::string("identity: ").append(credentials_of(s)) + (with.who.empty() ? "" : ", " + with.who));
    }
    for (const auto& each : with.refreshables) {
        const auto now = each->status();
        out.tell(about, "identity: " + now.source + (now.who.empty() ? "" : ", " + now.who) +
                            (now.expires ? ", until " + identity::format_rfc3339(*now.expires) : ", no expiry"));
    }
}

bool redirects_to(const config::config& settings, const config::store& s) {
    return std::ranges::any_of(settings.routes, [&](const config::route& r) {
        const bool any = r.preset == config::preset::none && (r.resolve || !r.object_header.empty());
        return r.delivery == config::delivery::redirect && (any || r.store == s.name);
    });
}

/// Tells whether the store may be read, by a GET of one byte of an object that does not exist.
awaitable<void> probe_read(one_shot& here, const std::string& about, const config::store& s, sign::signer& signer,
                           findings& out) {
    const std::string key = s.prefix + "sluice-check-" + random_name();
    auto made = co_await signer.sign(key, sign::method::get);
    if (!made) {
        out.fail(about, "cannot sign: " + text_of(made.error()));
        co_return;
    }
    identity::http_request get;
    get.server.tls = made->tls;
    get.server.host = made->host;
    get.server.port = made->port;
    get.target = made->target;
    get.fields = made->fields;
    get.fields.emplace_back("Range", secret("bytes=0-0"));
    get.timeout = std::max(s.connect_timeout, s.response_timeout);
    get.ca_file = s.ca_file;
    auto answer = co_await here.caller().send(get);
    if (!answer) {
        out.fail(about, "cannot be reached: " + text_of(answer.error()));
        co_return;
    }
    const auto found = classify_probe(answer->status, answer->body.reveal(), s.anonymous);
    switch (found.access) {
    case read_access::granted:
        out.tell(about, "readable (response for a nonexistent object: " + found.text + ")");
        break;
    case read_access::unclear:
        out.tell(about, "cannot tell whether it is readable; response for a nonexistent object: " + found.text);
        break;
    case read_access::refused:
        out.fail(about, "cannot read: " + found.text);
        break;
    }
}

awaitable<void> probe_redirect(one_shot& here, const std::string& about, const config::store& s,
                               const sign::signing& with, findings& out) {
    auto renewed = co_await refresh_all(with.refreshables_for_urls, here.caller());
    if (!renewed) {
        out.fail(about, "cannot sign redirects: " + text_of(renewed.error()));
        co_return;
    }
    const std::string key = s.prefix + "sluice-check-" + random_name();
    const sign::presign_options options{};
    auto made = co_await with.signer->presign(here.pool(), key, sign::method::get, options);
    if (made) {
        out.tell(about, "may sign redirects");
    } else {
        out.fail(about, "cannot sign redirects: " + text_of(made.error()));
    }
}

awaitable<void> check_store(one_shot& here, const config::config& settings, const config::store& s, findings& out) {
    const std::string about = "store \"" + s.name + "\"";
    auto with = make_signing(s);
    if (!with) { // a file may have changed since `check_stores` read it
        out.fail(about, "cannot be used: " + with.error().detail);
        co_return;
    }
    auto renewed = co_await refresh_all(with->refreshables, here.caller());
    if (!renewed) {
        out.fail(about, "has no identity: " + text_of(renewed.error()));
        co_return;
    }
    tell_identity(about, s, *with, out);
    co_await probe_read(here, about, s, *with->signer, out);
    if (redirects_to(settings, s)) {
        co_await probe_redirect(here, about, s, *with, out);
    }
}

void check_directory(const config::store& s, findings& out) {
    const std::string about = "store \"" + s.name + "\"";
    std::error_code failed;
    const std::filesystem::directory_iterator opened(s.root, failed);
    if (failed) {
        out.fail(about, "its root cannot be read: " + failed.message());
    } else {
        out.tell(about, "its root can be read");
    }
}

/// A request that the route would take if its captures could have any value, and the subrequest for it; `value`: what
/// each capture has.
struct sample_request {
    std::string original{};
    result<std::string> subrequest{std::string()};
};

sample_request sample_of(const config::route& r, const config::authorize_subrequest& how, const std::string& value) {
    sample_request out;
    const auto path = config::parse_path(r.path).value();
    const auto names = path.captures();
    std::vector<media::capture> captures;
    captures.reserve(names.size());
    for (const auto& name : names) {
        captures.push_back({name, value});
    }
    for (const auto& segment : path.segments) {
        out.original += '/';
        for (const auto& piece : segment.pieces) {
            out.original += piece.what == config::path_piece::kind::capture ? value : piece.text;
        }
    }
    for (const auto& name : r.query_captures) {
        captures.push_back({name, value, config::template_value::origin::query});
        out.original.append(&name == &r.query_captures.front() ? "?" : "&").append(name).append("=").append(value);
    }
    if (how.same != config::same_question::none) {
        out.subrequest = out.original;
        return out;
    }
    out.subrequest = media::expand_target(config::parse_subrequest(how.path, names).value(), captures);
    return out;
}

/// Whether the proxy would take that response as permission.
bool grants(const config::route& r, const config::authorize_subrequest& how, const identity::http_response& answer) {
    http::field_list fields;
    for (const auto& [name, value] : answer.fields) {
        fields.items.push_back({name, value});
    }
    return authorize::is_allowed(r, how, answer.status, fields);
}

awaitable<void> check_route(one_shot& here, const config::config& settings, const config::route& r, findings& out) {
    const std::string about = "route \"" + r.name + "\"";
    const auto* how = std::get_if<config::authorize_subrequest>(&r.authorize);
    if (how == nullptr || !r.object_header.empty()) {
        co_return; // open to everybody, or the app itself handles each request
    }
    const auto sample = sample_of(r, *how, random_name());
    if (!sample.subrequest) {
        out.tell(about, "not asked: its subrequest takes values of a form that cannot be made up");
        co_return;
    }
    identity::http_request get;
    get.server = settings.app.address;
    get.source = error_source::app;
    get.target = *sample.subrequest;
    if (how->same == config::same_question::head) {
        get.method = "HEAD";
    } else if (how->same == config::same_question::first_byte) {
        get.fields.emplace_back("Range", secret("bytes=0-0"));
    }
    get.fields.emplace_back("X-Original-Method", secret("GET"));
    get.fields.emplace_back("X-Original-URI", secret(sample.original));
    get.timeout = std::max(settings.app.connect_timeout, how->timeout);
    auto answer = co_await here.caller().send(get);
    if (!answer) {
        out.fail(about, "the app cannot be asked: " + text_of(answer.error()));
        co_return;
    }
    const std::string status = std::to_string(answer->status);
    if (grants(r, *how, *answer)) {
        out.fail(about, "the app's " + status + " to its subrequest grants an object to somebody without credentials");
    } else {
        out.tell(about, "the app grants nothing without credentials (" + status + ")");
    }
}

awaitable<void> check_all(one_shot& here, const config::config& settings, findings& out) {
    for (const auto& [name, s] : settings.stores) {
        if (config::is_local(s)) {
            check_directory(s, out);
        } else {
            co_await check_store(here, settings, s, out);
        }
    }
    for (const auto& r : settings.routes) {
        co_await check_route(here, settings, r, out);
    }
}

} // namespace

bool check_stores(const config::config& settings, std::ostream& err) {
    bool good = true;
    for (const auto& [name, s] : settings.stores) {
        if (const auto with = make_signing(s); !with) {
            err << "sluice: store \"" << name << "\": " << with.error().detail << '\n';
            good = false;
        }
    }
    return good;
}

std::vector<std::string> unreadable_roots(const config::config& settings) {
    std::vector<std::string> lines;
    for (const auto& [name, s] : settings.stores) {
        if (!config::is_local(s)) {
            continue;
        }
        const int fd = open(s.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); // as for each file
        if (fd < 0) {
            lines.push_back("store \"" + name + "\": its root " + s.root +
                            " cannot be read (yet): " + std::system_category().message(errno));
        } else {
            close(fd);
        }
    }
    return lines;
}

bool check_online(const config::config& settings, std::ostream& out) {
    findings found(out);
    auto proxies = net::proxy_settings::from_process();
    if (!proxies) {
        found.fail("environment", proxies.error().detail);
        return false;
    }
    one_shot here(std::move(*proxies));
    here.run(check_all(here, settings, found));
    return found.good();
}

} // namespace sluice::commands
