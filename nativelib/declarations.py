#!/usr/bin/env python3
"""Writes what fastattn.h declares in the words of C# and of Python, so that a structure's field or a function's parameter is written once.

    nativelib/declarations.py            after every change of a declaration in fastattn.h
    nativelib/declarations.py --check    changes nothing; ends with 1 when a file is not what the header says

    FastAttn.Native/Structures.cs     the structures
    python/fastattn/_abi.py           the structures and the functions, for ctypes

Declarations it cannot read are errors. What C# exports is held equal to the header by a test (tests/FastAttn.Tests/Native).
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADER = HERE / "include" / "fastattn.h"

# C's types, each with C#'s and Python's word, of values and behind pointers. A pointer to numbers is an address for Python.
NUMBERS = {
    "int8_t": ("sbyte", "c_int8"),
    "uint8_t": ("byte", "c_uint8"),
    "int32_t": ("int", "c_int32"),
    "uint32_t": ("uint", "c_uint32"),
    "int64_t": ("long", "c_int64"),
    "uint64_t": ("ulong", "c_uint64"),
    "float": ("float", "c_float"),
    "double": ("double", "c_double"),
}
ALIASES = {"fa_status": "int32_t"}
CALLBACKS = {"fa_interrupt_check"}


def main(arguments):
    structures, constants, functions = read(HEADER.read_text())
    made = {
        HERE / "FastAttn.Native" / "Structures.cs": csharp(structures, constants),
        HERE / "python" / "fastattn" / "_abi.py": python(structures, constants, functions),
    }
    different = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in different:
            print(f"{path} is not what fastattn.h says; run nativelib/declarations.py", file=sys.stderr)
        return 1 if different else 0
    for path in different:
        path.write_text(made[path])
        print(f"wrote {path}")
    return 0


def read(header):
    """({structure: [(type, field, extent)]}, {constant: number}, {function: (result, [type])})."""
    text = re.sub(r"/\*.*?\*/", " ", header, flags=re.DOTALL)
    constants = {name: int(value) for name, value in re.findall(r"#define (FA_\w+) (\d+)u?\n", text)}
    text = re.sub(r"^#.*?(?<!\\)$", " ", text, flags=re.MULTILINE | re.DOTALL)
    structures, functions = {}, {}

    def take(match):
        body = [field(line, constants) for line in match["body"].split(";") if line.strip()]
        structures[match["name"]] = body
        return " "

    text = re.sub(r"typedef struct (?P<name>fa_\w+) \{(?P<body>[^}]*)\} (?P=name);", take, text)
    text = re.sub(r"enum \{[^}]*\};|typedef int32_t [^;]*;|extern \"C\" \{|\}", " ", text)
    for declaration in filter(None, (" ".join(part.split()) for part in text.split(";"))):
        match = re.fullmatch(r"(?P<result>[\w ]+[ *]+)(?P<name>fa_\w+)\((?P<parameters>[^()]*)\)", declaration)
        if not match:
            sys.exit(f"declarations.py: cannot read this declaration: {declaration}")
        parameters = [] if match["parameters"] == "void" else match["parameters"].split(",")
        functions[match["name"]] = (bare(match["result"]), [field(parameter, constants, decays=True)[0] for parameter in parameters])
    return structures, constants, functions


def field(text, constants, decays=False):
    """(type, name, extent) of "const char *name" or "int64_t name[FA_MAX_NDIM]"; a parameter's extent decays to a pointer."""
    match = re.fullmatch(r"(?P<type>[\w ]+[ *]+)(?P<name>\w+)(\[(?P<extent>\w+)\])?", " ".join(text.split()))
    if not match:
        sys.exit(f"declarations.py: cannot read this field: {text.strip()}")
    kind, extent = bare(match["type"]), match["extent"]
    if decays and extent:
        return f"{kind} *", match["name"], None
    return kind, match["name"], None if extent is None else constants.get(extent) or int(extent)


def bare(kind):
    kind = " ".join(kind.replace("const ", "").split())
    return ALIASES.get(kind, kind)


def is_handle(structures, name):
    return [kind for kind, _, _ in structures.get(name, [])] == ["uint64_t"] and structures[name][0][1] == "id"


def words(name):
    return "".join(word.capitalize() for word in name.split("_"))


def csharp(structures, constants):
    def named(kind):
        if kind.endswith("*"):
            return named(kind[:-1].strip()) + "*"
        if kind == "char":
            return "byte"
        return "ulong" if is_handle(structures, kind) else NUMBERS[kind][0] if kind in NUMBERS else f"Native{words(kind[3:])}"

    text = "// Made by nativelib/declarations.py from fastattn.h.\nusing System.Runtime.InteropServices;\n\nnamespace FastAttn.Native;\n"
    for name, fields in structures.items():
        if is_handle(structures, name):
            continue
        is_unsafe = any("*" in kind or extent for kind, _, extent in fields)
        text += f"\n/// <summary><c>{name}</c>.</summary>\n[StructLayout(LayoutKind.Sequential)]\n"
        text += f"internal {'unsafe ' if is_unsafe else ''}partial struct Native{words(name[3:])}\n{{\n"
        for kind, member, extent in fields:
            text += f"    public {'fixed ' if extent else ''}{named(kind)} {words(member)}{f'[{extent}]' if extent else ''};\n"
        text += "}\n"
    return text


def python(structures, constants, functions):
    def named(kind, returned=False):
        """Addresses of structures are typed; of everything else they are numbers, but for texts."""
        target = kind[:-1].strip() if kind.endswith("*") else None
        if target == "char":
            return "ctypes.c_char_p"
        if target and is_handle(structures, target):
            return "ctypes.POINTER(Handle)"
        if target in structures:
            return f"ctypes.POINTER({words(target[3:])})"
        if target or kind in CALLBACKS:
            return "ctypes.c_void_p"
        return "Handle" if is_handle(structures, kind) else f"ctypes.{NUMBERS[kind][1]}"

    handles = [name for name in structures if is_handle(structures, name)]
    text = '"""The structures and functions of fastattn.h for ctypes. Made by nativelib/declarations.py."""\n\n'
    text += "from __future__ import annotations\n\nimport ctypes\nfrom typing import Any, Dict, List, Tuple\n\n"
    text += f"ABI_VERSION = {constants['FA_ABI_VERSION']}\n\n\n"
    text += f'class Handle(ctypes.Structure):\n    """{", ".join(handles)}."""\n\n    _fields_ = [("id", ctypes.c_uint64)]\n\n\n'
    text += 'class Sized(ctypes.Structure):\n    """A structure whose first field is its size."""\n\n'
    text += "    def __init__(self, **fields: object) -> None:\n        super().__init__(struct_size=ctypes.sizeof(self), **fields)\n"
    for name, fields in structures.items():
        if name in handles:
            continue
        base = "Sized" if fields[0][1] == "struct_size" else "ctypes.Structure"
        text += f'\n\nclass {words(name[3:])}({base}):\n    """{name}."""\n\n    _fields_ = [\n'
        for kind, member, extent in fields:
            text += f'        ("{member}", {named(kind)}{f" * {extent}" if extent else ""}),\n'
        text += "    ]\n"
    text += "\n\n# Of every function: what it returns, and what it takes.\nFUNCTIONS: \"Dict[str, Tuple[Any, List[Any]]]\" = {\n"
    for name, (result, parameters) in functions.items():
        text += f'    "{name}": ({named(result, True)}, ['
        line = ", ".join(named(kind) for kind in parameters)
        text += f"{line}]),\n" if len(line) < 100 else "\n" + "".join(f"        {named(kind)},\n" for kind in parameters) + "    ]),\n"
    return text + "}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
