#pragma once

#include <sluice/identity/environment.hpp>
#include <sluice/identity/http_client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the tests of identities share: a caller that plays a script, the scripts of credential_flows.json, and running
/// a coroutine to its end.
namespace sluice::identity::test {

using pairs = std::vector<std::pair<std::string, std::string>>;
using variables = std::map<std::string, std::string, std::less<>>;

/// Where `{host}` of the flows is. Nothing listens there: a call that goes past the script fails.
inline constexpr std::string_view script_host = "127.0.0.1:1";

template <class T>
awaitable<void> keep_result(awaitable<T> task, std::optional<T>& kept) {
    auto value = co_await std::move(task);
    kept.emplace(std::move(value));
}

/// Runs `task` on this thread until it has ended, and gives its value. What it throws is thrown here.
template <class T>
T run(awaitable<T> task) {
    asio::io_context context(1);
    std::optional<T> kept;
    std::exception_ptr thrown;
    asio::co_spawn(context, keep_result(std::move(task), kept),
                   [&thrown](std::exception_ptr e) { thrown = std::move(e); });
    context.run();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    if (!kept) {
        throw std::runtime_error("the coroutine did not end");
    }
    return std::move(*kept);
}

inline void run(awaitable<void> task) {
    asio::io_context context(1);
    std::exception_ptr thrown;
    bool ended = false;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr e) {
        thrown = std::move(e);
        ended = true;
    });
    context.run();
    if (thrown) {
        std::rethrow_exception(thrown);
    }
    if (!ended) {
        throw std::runtime_error("the coroutine did not end");
    }
}

/// A call that is expected, and what is answered. What is empty is not looked at.
struct step {
    std::string method;
    std::string path;      ///< decoded, without query
    std::string authority; ///< as in Host
    std::optional<bool> tls{};
    pairs fields{}; ///< must be there; value "*": any
    std::vector<std::string> absent{};
    pairs query{};                        ///< decoded pairs that must be there
    std::optional<pairs> exact_query{};   ///< all of them
    pairs form{};                         ///< decoded pairs of the body that must be there
    std::vector<std::string> json_keys{}; ///< of the object in the body

    unsigned status{200};
    pairs answer_fields{};
    std::string body{};
    std::optional<error> failure{}; ///< instead of an answer
    bool hangs{false};              ///< no answer ever comes; the call can be cancelled
};

/// `{method, path}` answered by `status` and `body`.
inline step answers(std::string method, std::string path, unsigned status, std::string body) {
    step s;
    s.method = std::move(method);
    s.path = std::move(path);
    s.status = status;
    s.body = std::move(body);
    return s;
}

/// `{method, path}` that fails as a peer that says nothing for too long does.
inline step times_out(std::string method, std::string path) {
    step s = answers(std::move(method), std::move(path), 0, "");
    s.failure = error{errc::timeout, error_source::origin, true, "no answer"};
    return s;
}

inline std::string decoded(std::string_view text, bool plus_is_space) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

/// The decoded pairs of a query or a form.
inline pairs decoded_pairs(std::string_view text) {
    pairs out;
    while (!text.empty()) {
        const auto one = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), one.size() + 1));
        const auto equals = one.find('=');
        out.emplace_back(decoded(one.substr(0, equals), true),
                         equals == std::string_view::npos ? "" : decoded(one.substr(equals + 1), true));
    }
    return out;
}

inline bool same_letters(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return std::tolower(x) == std::tolower(y); });
}

/// Expects calls in their order and answers them. Each suspends once, as a real one does.
class scripted_client final : public http_client {
public:
    scripted_client() = default;
    explicit scripted_client(std::vector<step> steps) { add(std::move(steps)); }
    void add(std::vector<step> steps) {
        for (auto& s : steps) {
            add(std::move(s));
        }
    }
    void add(step s) { left_.push_back(std::move(s)); }

    awaitable<result<http_response>> send(const http_request& what) override {
        const auto ex = co_await asio::this_coro::executor;
        co_await asio::post(ex, asio::use_awaitable_t<executor>{});
        calls.push_back(what);
        if (left_.empty()) {
            BOOST_ERROR("a call that nobody expects: " << what.method << ' ' << what.target);
            co_return error{errc::connect_failed, error_source::origin, true, "past the script"};
        }
        const step s = std::move(left_.front());
        left_.pop_front();
        compare(s, what);
        if (s.hangs) {
            steady_timer never(ex, steady_timer::time_point::max());
            auto [ec] = co_await never.async_wait(use_tuple);
            ++cut;
            co_return error{errc::connection_lost, error_source::origin, true, ec.message()};
        }
        if (s.failure) {
            co_return *s.failure;
        }
        http_response r;
        r.status = s.status;
        r.fields = s.answer_fields;
        r.body = secret(s.body);
        co_return r;
    }

    /// How many expected calls have not come.
    [[nodiscard]] std::size_t left() const noexcept { return left_.size(); }
    std::vector<http_request> calls; ///< all that came
    unsigned cut{0};                 ///< calls that hung and were cancelled

private:
    static const std::string* found(const pairs& list, std::string_view name) {
        const auto at = std::ranges::find_if(list, [&](const auto& p) { return p.first == name; });
        return at == list.end() ? nullptr : &at->second;
    }
    static void must_hold(const pairs& wanted, const pairs& list, std::string_view where) {
        for (const auto& [name, value] : wanted) {
            const auto* const got = found(list, name);
            BOOST_TEST((got != nullptr && (value == "*" || *got == value)),
                       where << ' ' << name << " must be " << value << ", is " << (got == nullptr ? "absent" : *got));
        }
    }
    static void compare(const step& s, const http_request& what) {
        const std::string_view target = what.target;
        const auto mark = target.find('?');
        const auto path = decoded(target.substr(0, mark), false);
        const auto query = mark == std::string_view::npos ? pairs() : decoded_pairs(target.substr(mark + 1));
        BOOST_TEST((s.method.empty() || s.method == what.method), what.method << " where " << s.method << " must be");
        BOOST_TEST((s.path.empty() || s.path == path), path << " where " << s.path << " must be");
        BOOST_TEST((s.authority.empty() || s.authority == what.server.authority()), what.server.authority());
        BOOST_TEST((!s.tls || *s.tls == what.server.tls));
        BOOST_TEST(target.starts_with('/'));
        pairs fields;
        for (const auto& [name, value] : what.fields) {
            std::string lower = name;
            std::ranges::transform(lower, lower.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
            fields.emplace_back(lower, std::string(value.reveal()));
        }
        for (auto [name, value] : s.fields) {
            std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
            const pairs one{{name, value}};
            must_hold(one, fields, "field");
        }
        for (const auto& name : s.absent) {
            const bool there = std::ranges::any_of(fields, [&](const auto& f) { return same_letters(f.first, name); });
            BOOST_TEST(!there, "field " << name << " must not be sent");
        }
        must_hold(s.query, query, "query");
        BOOST_TEST((!s.exact_query || *s.exact_query == query), "query of " << target);
        if (!s.form.empty()) {
            must_hold(s.form, decoded_pairs(what.body.reveal()), "form");
        }
        if (!s.json_keys.empty()) {
            const auto body = boost::json::parse(what.body.reveal()).as_object();
            for (const auto& key : s.json_keys) {
                BOOST_TEST(body.contains(key), "JSON " << key << " must be there");
            }
        }
    }

    std::deque<step> left_;
};

/// A folder that is removed with it.
class temporary_folder {
public:
    temporary_folder() {
        auto name = (std::filesystem::temp_directory_path() / "sluice-identity-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        path_ = name;
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string path() const { return path_.string(); }
    /// Writes a file and gives its path.
    std::string write(const std::string& name, std::string_view content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
        return (path_ / name).string();
    }

private:
    std::filesystem::path path_;
};

/// An environment of just these variables; an empty one counts as unset.
inline environment environment_of(variables set) {
    return [set = std::move(set)](std::string_view name) -> std::optional<std::string> {
        const auto at = set.find(name);
        return at == set.end() || at->second.empty() ? std::nullopt : std::optional(at->second);
    };
}

/// One case of credential_flows.json, its files written and its places filled in.
struct flow {
    std::string id;
    variables env;
    std::vector<step> steps;
    boost::json::object expect;

    [[nodiscard]] bool fails() const { return expect.contains("error"); }
    /// The text of `name` in what is expected; "" where it is absent.
    [[nodiscard]] std::string expected(std::string_view name) const {
        const auto* const value = expect.if_contains(name);
        return value == nullptr || !value->is_string() ? std::string() : std::string(value->as_string());
    }
};

inline std::string filled(std::string_view text, const std::string& folder) {
    std::string out(text);
    const pairs names{{"{host}", std::string(script_host)}, {"{dir}", folder}};
    for (const auto& [name, value] : names) {
        for (auto at = out.find(name); at != std::string::npos; at = out.find(name, at + value.size())) {
            out.replace(at, name.size(), value);
        }
    }
    return out;
}

inline pairs text_pairs(const boost::json::object& in, std::string_view name) {
    pairs out;
    if (const auto* const list = in.if_contains(name)) {
        for (const auto& member : list->as_object()) {
            out.emplace_back(std::string(member.key()), std::string(member.value().as_string()));
        }
    }
    return out;
}

inline step step_of(const boost::json::object& in) {
    const auto& request = in.at("request").as_object();
    const auto& response = in.at("response").as_object();
    step s = answers(std::string(request.at("method").as_string()), std::string(request.at("path").as_string()),
                     response.at("status").to_number<unsigned>(), std::string(response.at("body").as_string()));
    s.fields = text_pairs(request, "headers");
    s.query = text_pairs(request, "query");
    s.form = text_pairs(request, "form");
    if (const auto* const absent = request.if_contains("absent_headers")) {
        for (const auto& name : absent->as_array()) {
            s.absent.emplace_back(name.as_string());
        }
    }
    if (const auto* const json = request.if_contains("json")) {
        for (const auto& member : json->as_object()) {
            s.json_keys.emplace_back(member.key());
        }
    }
    s.answer_fields = text_pairs(response, "headers");
    return s;
}

/// The cases of one cloud ("aws", "gcp", "azure"); their files are written to `folder` at `setup`, one case at a time.
inline boost::json::array flow_cases(std::string_view cloud) {
    std::ifstream in(std::string(SLUICE_TEST_VECTORS) + "/credential_flows.json", std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    boost::json::array out;
    const auto whole = boost::json::parse(text);
    for (const auto& one : whole.as_object().at("cases").as_array()) {
        if (one.as_object().at("cloud").as_string() == cloud) {
            out.push_back(one);
        }
    }
    return out;
}

/// Writes the files of a case and gives its script.
inline flow flow_of(const boost::json::value& one, const temporary_folder& folder) {
    const auto& in = one.as_object();
    flow f;
    f.id = std::string(in.at("id").as_string());
    for (const auto& [name, value] : text_pairs(in, "env")) {
        f.env.emplace(name, filled(value, folder.path()));
    }
    for (const auto& [name, content] : text_pairs(in, "files")) {
        folder.write(name, filled(content, folder.path()));
    }
    for (const auto& s : in.at("steps").as_array()) {
        f.steps.push_back(step_of(s.as_object()));
    }
    f.expect = in.at("expect").as_object();
    return f;
}

} // namespace sluice::identity::test
