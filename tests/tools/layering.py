#!/usr/bin/env python3
"""Fails where a folder of src or include includes one that its library does not link: CMakeLists.txt is the one place that
says what may include what, and a circle there is an error of CMake's own."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
links = {}
for name, rest in re.findall(r"^sluice_library\((\w+)([^)]*)\)", (root / "CMakeLists.txt").read_text(), re.M):
    links[name] = set(re.findall(r"\bsluice_(\w+)", rest))


def reachable(name):
    seen = {name}
    left = [name]
    while left:
        for below in links[left.pop()] - seen:
            seen.add(below)
            left.append(below)
    return seen


found = []
files = sorted([*(root / "src").rglob("*.?pp"), *(root / "include/sluice").rglob("*.?pp")])
for path in files:
    relative = path.relative_to(root)
    folder = relative.parts[1] if relative.parts[0] == "src" else relative.parts[2]
    if folder not in links:
        continue  # main.cpp
    may = reachable(folder)
    for number, line in enumerate(path.read_text().splitlines(), 1):
        included = re.match(r"#include (?:<sluice/(\w+)/|\"((?:\.\./)+[\w/.]+)\")", line)
        if not included:
            continue
        own = included[2] and (root / "src" / folder) in (path.parent / included[2]).resolve().parents
        if not own and included[1] not in may:
            found.append(f"{relative}:{number}: {folder} may not include this: {line}")
print("\n".join(found) if found else f"{len(files)} files: each includes only what its folder links")
sys.exit(1 if found else 0)
