"""Prints a C++ program that compiles when the package's ctypes declarations are what the compiler reads in fastattn.h.

    declarations.py FOLDER     FOLDER: that of the package's _abi.py
"""

import ctypes
import sys

PRELUDE = """
#include <fastattn.h>
#include <cstddef>
#include <type_traits>

struct text {};     // c_char_p
struct address {};  // c_void_p: of numbers, or of a function
struct handle {};   // a structure with a number, by value
template <typename Structure> struct pointer {};

template <typename Type> using target = std::remove_cv_t<std::remove_pointer_t<Type>>;
template <typename Type> constexpr bool is_handle = std::is_class_v<Type> && sizeof(Type) == sizeof(uint64_t);

template <typename Said, typename Is> struct same : std::is_same<Said, Is> {};
template <typename Is> struct same<text, Is> : std::bool_constant<std::is_pointer_v<Is> && std::is_same_v<target<Is>, char>> {};
template <typename Is> struct same<address, Is> : std::bool_constant<std::is_pointer_v<Is> && !std::is_class_v<target<Is>> && !std::is_same_v<target<Is>, char>> {};
template <typename Is> struct same<handle, Is> : std::bool_constant<is_handle<Is>> {};
template <typename Is> struct same<pointer<handle>, Is> : std::bool_constant<std::is_pointer_v<Is> && is_handle<target<Is>>> {};
template <typename To, typename Is> struct same<pointer<To>, Is> : std::bool_constant<std::is_pointer_v<Is> && std::is_same_v<target<Is>, To>> {};

template <typename Said, typename Is> constexpr bool agree = false;
template <typename Result, typename... Said, typename Returned, typename... Is>
constexpr bool agree<Result(Said...), Returned(Is...)> = [] {
    if constexpr (sizeof...(Said) == sizeof...(Is)) return same<Result, Returned>::value && (same<Said, Is>::value && ...);
    else return false;
}();
"""

NUMBERS = {
    ctypes.c_int8: "int8_t",
    ctypes.c_uint8: "uint8_t",
    ctypes.c_int32: "int32_t",
    ctypes.c_uint32: "uint32_t",
    ctypes.c_int64: "int64_t",
    ctypes.c_uint64: "uint64_t",
    ctypes.c_float: "float",
    ctypes.c_double: "double",
    ctypes.c_char_p: "text",
    ctypes.c_void_p: "address",
}


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    import _abi

    print(PRELUDE)
    structures = [kind for kind in vars(_abi).values() if isinstance(kind, type) and issubclass(kind, ctypes.Structure) and kind not in (_abi.Handle, _abi.Sized)]
    assert len(structures) >= 10, structures

    def said(kind: "type") -> str:
        if kind in NUMBERS:
            return NUMBERS[kind]
        if kind is _abi.Handle:
            return "handle"
        if issubclass(kind, ctypes.Array):
            return f"{said(kind._type_)}[{kind._length_}]"
        return kind.__doc__.rstrip(".") if issubclass(kind, ctypes.Structure) else f"pointer<{said(kind._type_)}>"

    for kind in structures:
        name = said(kind)
        print(f'static_assert(sizeof({name}) == {ctypes.sizeof(kind)}, "the size of {name}");')
        for field, of in kind._fields_:
            print(f'static_assert(offsetof({name}, {field}) == {getattr(kind, field).offset}, "the place of {name}.{field}");')
            print(f'static_assert(same<{said(of)}, decltype({name}::{field})>::value, "the type of {name}.{field}");')
    for name, (result, arguments) in _abi.FUNCTIONS.items():
        print(f'static_assert(agree<{said(result)}({", ".join(map(said, arguments))}), decltype({name})>, "the types of {name}");')
    print(f"static_assert(FA_ABI_VERSION == {_abi.ABI_VERSION});\nint main() {{ return 0; }}")


if __name__ == "__main__":
    main()
