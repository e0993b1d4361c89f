#!/usr/bin/env python3
"""Finds C++ that g++ 12 compiles to something else than it says, and calls that this project does not make.

    tests/tools/coroutine_traps.py [FILE...]        default: all of include/ and src/
    tests/tools/coroutine_traps.py --self-test

co_await stands only
  - as a whole statement:                `co_await f();`, `(void)co_await f();`, `co_return co_await f();`
  - as the initialiser of a named variable: `auto [ec, n] = co_await f();`, `const T x = co_await f();`,
    or as all that is assigned to one: `x = co_await f();`
and never in a condition, an argument, a braced list or a conditional expression, nor in a statement that also
holds a braced list with elements or a lambda with captures: g++ 12.2 destroys temporaries of such statements
twice, or builds the frame wrongly. A lambda with captures is never a coroutine: its captures die with the closure,
at the first suspension. Nor does a coroutine take an error by reference.
"""
import re
import sys
from pathlib import Path

BANNED = {
    "awaitable_operators": "`||` of awaitables drops the loser's result; use one deadline a session",
    "any_io_executor": "executor types are concrete",
    "cancel_after": "Boost 1.81 has no such token",
}
TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|::|->|&&|\|\||\[\[|\]\]|[^\s\w]")
OPENING = {"(": ")", "[": "]", "{": "}", "[[": "]]"}
CLOSING = set(OPENING.values())
BLOCK_BEFORE = {")", "else", "do", "try", ";", "{", "}", ":", "const", "noexcept", "override", "final", "mutable"}
CONTROL = {"if", "while", "for", "switch"}
SCOPES = {"namespace", "struct", "class", "union", "enum", "extern"}


def blank(text):
    """The text with comments, literals and preprocessor lines blanked, line breaks kept."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\\ ]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
        r"|(?m:^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*)",
        re.S,
    )

    def replace(match):
        found = match.group(0)
        lines = "\n" * found.count("\n")
        return ('""' + lines) if found[0] in "\"'R" else " " + lines

    return pattern.sub(replace, text)


def tokenize(text):
    """[(token, line)]"""
    tokens, line, last = [], 1, 0
    text = blank(text)
    for match in TOKEN.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        tokens.append((match.group(0), line))
    return split_attributes(tokens)


def split_attributes(tokens):
    """`]]` closes two subscripts where no `[[` is open, and `[[` opens two where it is no attribute."""
    out, attributes = [], 0
    for token, line in tokens:
        if token == "[[":
            attributes += 1
        elif token == "]]":
            if not attributes:
                out += [("]", line), ("]", line)]
                continue
            attributes -= 1
        out.append((token, line))
    return out


def match_brackets(tokens):
    """index -> index of its partner."""
    partner, stack = {}, []
    for index, (token, _) in enumerate(tokens):
        if token in OPENING:
            stack.append(index)
        elif token in CLOSING and stack:
            start = stack.pop()
            partner[start], partner[index] = index, start
    return partner


def is_block(tokens, partner, index):
    """Whether the `{` at index opens a block (function, scope, statement) and not a braced list."""
    if index == 0:
        return True
    before = tokens[index - 1][0]
    if before in BLOCK_BEFORE:
        return before != ":" or not ternary_before(tokens, partner, index)
    if before in ("]", "=", ",", "(", "return", "co_return", "co_await"):
        return before == "]"
    position = index - 1  # back over a trailing return type, or the head of a scope
    while position >= 0:
        token = tokens[position][0]
        if token in ("]]", "]", ")") and position in partner:
            position = partner[position]
        elif token == "->":
            return position > 0 and tokens[position - 1][0] in (")", "mutable", "noexcept")
        elif token in SCOPES:
            return True
        elif token in (";", "{", "}", "(", "=", "return", "co_return"):
            return False
        position -= 1
    return False


def ternary_before(tokens, partner, index):
    position = index - 1
    while position >= 0 and tokens[position][0] not in (";", "{", "}", "("):
        if tokens[position][0] == "?":
            return True
        position = partner.get(position, position) - 1 if tokens[position][0] in CLOSING else position - 1
    return False


def lambda_at(tokens, partner, index):
    """For a `[` that opens a lambda with captures: (index of its body's `{`, or None). Else None."""
    if tokens[index][0] != "[" or index not in partner:
        return None
    close = partner[index]
    before = tokens[index - 1][0] if index else ";"
    if close == index + 1 or before in (")", "]", "auto") or (re.match(r"\w", before) and before not in
                                                              ("return", "co_return", "co_await", "case")):
        return None
    if before in ("&", "&&") and index > 1 and tokens[index - 2][0] == "auto":
        return None
    if close + 1 >= len(tokens) or tokens[close + 1][0] not in ("(", "{", "<", "mutable", "->", "noexcept"):
        return None
    position = close + 1
    while position < len(tokens) and tokens[position][0] not in ("{", ";"):
        position = partner[position] + 1 if tokens[position][0] in OPENING and position in partner else position + 1
    return position


def statement_start(tokens, partner, kinds, index):
    """First token of the statement that the token at index belongs to, or None where it is inside brackets."""
    position = index - 1
    while position >= 0:
        token = tokens[position][0]
        if token in CLOSING and position in partner:
            if token == "}" and kinds.get(partner[position]):
                return position + 1
            position = partner[position]
        elif token in OPENING:
            return position + 1 if kinds.get(position) else None
        elif token == ";":
            return position + 1
        position -= 1
    return 0


def skip_control(tokens, partner, position, end):
    """Past `if (…)`, `else`, `for (…)`, `do`, `case …:` and labels."""
    while position < end:
        token = tokens[position][0]
        if token in CONTROL:
            position += 1
            if tokens[position][0] == "constexpr":
                position += 1
            if tokens[position][0] != "(":
                return position
            position = partner[position] + 1
        elif token in ("else", "do"):
            position += 1
        elif token in ("case", "default"):
            while position < end and tokens[position][0] != ":":
                position += 1
            position += 1
        elif token == "[[":
            position = partner[position] + 1
        else:
            return position
    return position


def outer(tokens, partner, start, end):
    """The tokens from start to end with what is inside brackets left out."""
    out, position = [], start
    while position < end:
        out.append(tokens[position][0])
        if tokens[position][0] in OPENING and position in partner:
            position = partner[position]
            out.append(tokens[position][0])
        position += 1
    return out


def prefix_is_allowed(words):
    text = " ".join(words)
    if text in ("", "( )", "co_return"):  # `( )` is a cast to void with its inside left out
        return True
    if words[-1] != "=" or "=" in words[:-1] or "?" in words:
        return False
    # A declaration or a plain assignment: names, what qualifies and indexes them, template brackets; no other operator.
    return all(re.match(r"\w|::$|->$|[.<>,*&\[\]]$", word) for word in words[:-1])


def check(name, text):
    tokens = tokenize(text)
    partner = match_brackets(tokens)
    kinds = {i: is_block(tokens, partner, i) for i, (t, _) in enumerate(tokens) if t == "{"}
    faults = []

    def fault(index, what):
        faults.append(f"{name}:{tokens[index][1]}: {what}")

    for index, (token, _) in enumerate(tokens):
        if token in BANNED:
            fault(index, f"{token}: {BANNED[token]}")
        elif token == "[":
            body = lambda_at(tokens, partner, index)
            if body is not None and body < len(tokens) and tokens[body][0] == "{":
                inside = {t for t, _ in tokens[body:partner.get(body, body)]}
                if inside & {"co_await", "co_return", "co_yield"}:
                    fault(index, "a coroutine lambda with captures: pass parameters")
        elif token == "co_await":
            check_await(tokens, partner, kinds, index, fault)
    faults += references_to_errors(name, text)
    return faults


def references_to_errors(name, text):
    """`result::error()` gives a temporary, which is gone before a coroutine that takes it by reference begins."""
    code = blank(text)
    return [
        f"{name}:{code.count(chr(10), 0, match.start()) + 1}: a coroutine takes an error by reference: take it by value"
        for match in re.finditer(r"\bawaitable\s*<[^;{}()]*>\s+[\w:]+\s*\([^;{}()]*\berror\s*(?:const\s*)?&", code)
    ]


def check_await(tokens, partner, kinds, index, fault):
    start = statement_start(tokens, partner, kinds, index)
    if start is None:
        fault(index, "co_await inside parentheses, brackets or braces: await into a named variable first")
        return
    start = skip_control(tokens, partner, start, index)
    if not prefix_is_allowed(outer(tokens, partner, start, index)):
        fault(index, "co_await is neither a whole statement nor all that a named variable gets")
        return
    end = index
    while end < len(tokens) and tokens[end][0] != ";":
        end = partner[end] + 1 if tokens[end][0] in OPENING and end in partner else end + 1
    if {"?", "&&", "||", "=", "+", "-", "/", "|"} & set(outer(tokens, partner, index, end)):
        fault(index, "co_await as an operand: await into a named variable first")
    position = index + 1
    while position < end:
        token = tokens[position][0]
        body = lambda_at(tokens, partner, position)
        if body is not None:
            fault(position, "a lambda with captures in a statement with co_await: name it first")
            position = partner[body] if body in partner else body
        elif token == "{" and kinds.get(position) and position in partner:
            position = partner[position]  # the body of a lambda without captures has statements of its own
        elif token == "{" and position in partner and partner[position] != position + 1:
            fault(position, "a braced list in a statement with co_await: name it first")
            position = partner[position]
        position += 1


GOOD = """
awaitable<void> f() {
    co_await g();
    co_await g<int, long>(1 == 2 && 3);
    (void)co_await g();
    auto [ec, n] = co_await s.async_read_some(buffer(b), use_tuple);
    const auto& [x, y] = co_await g(1, T{});
    result<std::vector<int>> r = co_await g(h(1), [](int a) { return a + 1; });
    const std::map<int, int>* p = co_await g();
    if (r) co_await g();
    if constexpr (true) { auto z = co_await g(); } else co_await g();
    switch (n) { case 1: co_await g(); break; default: co_await g(); }
    for (auto& [k, v] : m) { co_await g(); }
    auto t = [self = 1](int) { return self; };
    co_spawn(e, [](int k) -> awaitable<void> { co_await g(k); }, detached);
    int a[2][2]; a[0][b[1]] = 2;
    auto s2 = "co_await in (text)"; // co_await in (a comment)
    x = co_await g();
    m.x->y[0] = co_await g();
    co_return co_await g();
}
struct s : base<int> { awaitable<int> f() override { [[maybe_unused]] auto v = co_await g(); co_return 1; } };
"""
BAD = """
if (co_await g()) {}
while ((co_await g()).ok()) {}
h(co_await g());
co_return T{co_await g()};
auto x = c ? co_await g() : 1;
auto x = co_await g() ? 1 : 2;
if (auto x = co_await g(); x) {}
x += co_await g();
x = y = co_await g();
T x{co_await g()};
auto x = 1 + co_await g();
auto x = co_await a() && co_await b();
co_await g(std::vector<int>{1, 2});
co_await g({1, 2});
co_await g([x] { return x; });
co_spawn(e, [this]() -> awaitable<void> { co_await run(); }, detached);
auto l = [&](int a) -> awaitable<void> { co_return; };
auto v = *co_await g();
auto v = co_await g() == 1;
auto v = co_await g() | 1;
using namespace asio::experimental::awaitable_operators;
asio::any_io_executor e;
switch (co_await g()) { default: break; }
return !co_await g();
awaitable<result<void>> g(int i, const error& e);
for (auto x : co_await g()) {}
"""


def self_test():
    faults = check("good", GOOD)
    missed = [line for line in BAD.strip().splitlines() if not check("bad", "void f() {\n" + line + "\n}\n")]
    for line in faults:
        print(f"self-test: should pass: {line}")
    for line in missed:
        print(f"self-test: should be found: {line}")
    return 1 if faults or missed else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = Path(__file__).resolve().parents[2]
    files = [Path(a) for a in arguments] or sorted(p for d in ("include", "src") for p in (root / d).rglob("*.[ch]pp"))
    if not files or self_test():
        print("no files" if not files else "the check itself is broken")
        return 1
    faults = [fault for file in files for fault in check(str(file), file.read_text(encoding="utf-8"))]
    print("\n".join(faults) if faults else f"{len(files)} files: no coroutine trap")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
