#include <sluice/config/text.hpp>
#include <sluice/config/yaml_reader.hpp>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace sluice::config {

namespace {

/// Thrown through yaml-cpp to stop it at the first error after which reading cannot go on.
struct refused {
    YAML::Mark at;
    std::string message;
};

/// Where a key of a mapping was seen first: its line, by its text.
using seen_keys = std::unordered_map<std::string, int>;

/// Builds the tree from yaml-cpp's events.
class builder : public YAML::EventHandler {
public:
    builder(std::string_view text, std::string_view file, const yaml_limits& limits,
            std::vector<diagnostic>& diagnostics)
        : text_(text)
        , file_(file)
        , limits_(limits)
        , diagnostics_(diagnostics) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            throw refused{mark, "a second YAML document: one is all there may be"};
        }
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        add(make(mark, node::kind::null), mark);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        throw refused{mark, "aliases are not allowed: write the value out"};
    }
    void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark, 1); }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        node n = make(mark, node::kind::scalar);
        n.text = value;
        n.written = value;
        n.text_at = place_of(mark, value);
        add(std::move(n), mark);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, node::kind::sequence);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, node::kind::mapping);
    }
    void OnMapEnd() override { close(); }

    [[nodiscard]] node take() { return std::move(root_); }

private:
    /// A collection that is still being read, and the key that waits for its value.
    struct frame {
        node collection;
        std::optional<node> key;
        seen_keys seen;
    };

    /// `node::text_at`.
    [[nodiscard]] std::optional<int> place_of(const YAML::Mark& mark, std::string_view value) const {
        constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
        const auto skipped = text_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
        const auto at = static_cast<std::size_t>(mark.pos) + skipped;
        if (mark.pos < 0 || at >= text_.size()) {
            return std::nullopt;
        }
        const auto there = text_.substr(at);
        const bool quoted = there.front() == '"' || there.front() == '\'';
        return there.substr(quoted ? 1 : 0).starts_with(value) ? std::optional(quoted ? 1 : 0) : std::nullopt;
    }

    static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            throw refused{mark, "anchors are not allowed"};
        }
    }
    static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        // "?" is what yaml-cpp gives a plain node, "!" a quoted scalar.
        if (!tag.empty() && tag != "?" && tag != "!") {
            throw refused{mark, "tags are not allowed"};
        }
    }

    node make(const YAML::Mark& mark, node::kind what) {
        if (++nodes_ > limits_.nodes) {
            throw refused{mark, "more than " + std::to_string(limits_.nodes) + " values"};
        }
        node n;
        n.what = what;
        n.line = mark.line + 1;
        n.column = mark.column + 1;
        return n;
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, node::kind what) {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (!stack_.empty() && stack_.back().collection.what == node::kind::mapping && !stack_.back().key) {
            throw refused{mark, "a key must be a plain scalar"};
        }
        if (stack_.size() >= limits_.depth) {
            throw refused{mark, "nested more than " + std::to_string(limits_.depth) + " deep"};
        }
        stack_.push_back({make(mark, what), std::nullopt, {}});
    }

    void close() {
        node done = std::move(stack_.back().collection);
        stack_.pop_back();
        add(std::move(done), {});
    }

    void add(node n, const YAML::Mark& mark) {
        if (stack_.empty()) {
            root_ = std::move(n);
            return;
        }
        auto& top = stack_.back();
        if (top.collection.what == node::kind::sequence) {
            if (n.what == node::kind::null) { // its mark may be the next token's
                n.line = top.collection.line;
                n.column = top.collection.column;
            }
            top.collection.items.push_back(std::move(n));
            return;
        }
        if (top.key) {
            if (n.what == node::kind::null) { // its own mark is where the parser stood: after the line
                n.line = top.key->line;
                n.column = top.key->column;
            }
            top.collection.pairs.push_back({std::move(*top.key), std::move(n)});
            top.key.reset();
            return;
        }
        if (n.what != node::kind::scalar) {
            throw refused{mark, "a key must be a plain scalar"};
        }
        const auto [first, fresh] = top.seen.emplace(n.text, n.line);
        if (!fresh && diagnostics_.size() < 100) {
            diagnostics_.push_back(
                {file_, n.line, n.column,
                 "duplicate key \"" + printable_key(n.text) + "\", first at line " + std::to_string(first->second)});
        }
        top.key = std::move(n);
    }

    static std::string printable_key(const std::string& key) {
        return has_control(key) || key.size() > 64 || !is_utf8(key) ? "?" : key;
    }

    std::string_view text_;
    std::string file_;
    const yaml_limits& limits_;
    std::vector<diagnostic>& diagnostics_;
    std::vector<frame> stack_;
    node root_;
    std::size_t nodes_{0};
    unsigned documents_{0};
};

diagnostic at_offset(std::string_view text, std::string_view file, std::size_t offset, std::string message) {
    int line = 1;
    int column = 1;
    for (const char c : text.substr(0, offset)) {
        if (c == '\n') {
            ++line;
            column = 1;
        } else {
            ++column;
        }
    }
    return {std::string(file), line, column, std::move(message)};
}

/// What is wrong with the bytes themselves: yaml-cpp takes UTF-16 and repairs bad UTF-8, and control characters in a
/// configuration are accidents.
std::optional<diagnostic> check_bytes(std::string_view text, std::string_view file, const yaml_limits& limits) {
    if (text.size() > limits.bytes) {
        return diagnostic{std::string(file), 1, 1, "larger than " + std::to_string(limits.bytes) + " bytes"};
    }
    for (std::size_t from = 0; from < text.size();) {
        const auto end = std::min(text.find('\n', from), text.size());
        const auto line = text.substr(from, end - from);
        if (!is_utf8(line)) {
            return at_offset(text, file, from, "this line is not UTF-8");
        }
        for (std::size_t i = 0; i < line.size(); ++i) {
            const auto c = static_cast<unsigned char>(line[i]);
            if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7f) {
                return at_offset(text, file, from + i, "a control character");
            }
        }
        from = end + 1;
    }
    return std::nullopt;
}

} // namespace

std::vector<diagnostic> read_yaml(std::string_view text, std::string_view file, node& root, const yaml_limits& limits) {
    std::vector<diagnostic> diagnostics;
    if (auto bytes = check_bytes(text, file, limits)) {
        diagnostics.push_back(std::move(*bytes));
        return diagnostics;
    }
    const auto refuse = [&](const YAML::Mark& mark, const std::string& why) {
        const bool nowhere = mark.line < 0;
        diagnostics.push_back({std::string(file), nowhere ? 1 : mark.line + 1, nowhere ? 1 : mark.column + 1, why});
    };
    builder events(text, file, limits, diagnostics);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        if (parser.HandleNextDocument(events)) {
            parser.HandleNextDocument(events); // there must be none, and nothing unreadable at the end
        }
    } catch (const refused& r) {
        refuse(r.at, r.message);
    } catch (const YAML::Exception& e) {
        // The braces of an unquoted ${NAME} would be a mapping's.
        const bool in_braces = e.msg == "end of map flow not found" || e.msg == "end of sequence flow not found";
        refuse(e.mark, "not YAML: " + e.msg + (in_braces ? R"( (within {…} and […] quote values: "${NAME}"))" : ""));
    }
    root = events.take();
    if (diagnostics.empty() && root.what == node::kind::null) {
        diagnostics.push_back({std::string(file), 1, 1, "the file is empty"});
    } else if (diagnostics.empty() && root.what != node::kind::mapping) {
        diagnostics.push_back({std::string(file), root.line, root.column, "must be a mapping of keys to values"});
    }
    return diagnostics;
}

} // namespace sluice::config
