# To build for 64-bit ARM on another machine with Debian's cross compiler. `sysroot` of scripts/lib.sh fills the folder
# with the libraries; scripts/release calls it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

get_filename_component(CMAKE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot-aarch64 ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# What the build makes and runs: the manual pages.
find_program(NULLWORKER_QEMU_AARCH64 NAMES qemu-aarch64-static qemu-aarch64)
if(NULLWORKER_QEMU_AARCH64)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${NULLWORKER_QEMU_AARCH64} -L ${CMAKE_SYSROOT})
endif()
