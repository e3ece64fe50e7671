# How every library, program, test, fuzz target and benchmark of watchbill is declared. One place for flags.

option(WB_TESTS "build the tests" OFF)
option(WB_FUZZ "build the fuzz targets (clang)" OFF)
option(WB_BENCH "build the benchmarks" OFF)
option(WB_WERROR "warnings are errors (./check turns this on)" OFF)
# Most of the time of a build from nothing is reading the same headers and making the same templates again for each file. With
# WB_UNITY the compiler is given the files of a library some at a time. ./check builds so everything that is built whole each
# time; the preset dev does not: there one changed file is to be one file to compile.
option(WB_UNITY "compile the files of a library together, some at a time" OFF)
set(WB_SANITIZE "" CACHE STRING "value of -fsanitize= for everything, e.g. address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

find_program(WB_CCACHE ccache)
if(WB_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache takes a precompiled header only from who says that macros and times in it do not matter. It knows it by the digest
  # beside it, not by its 600 MB, and what a file reads by the compiler's list, not by preprocessing it first. A clone elsewhere
  # is the same source: paths count from its root.
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_SLOPPINESS=pch_defines,time_macros" CCACHE_DEPEND=1 CCACHE_PCH_EXTSUM=1
    CCACHE_NOHASHDIR=1 "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" "${WB_CCACHE}")
endif()
find_program(WB_MOLD mold)
if(WB_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wold-style-cast -Wcast-align -Wformat=2 -Wimplicit-fallthrough -Wextra-semi -Wundef
  # Replay must give the same bits on every host: no fused multiply-add that one compiler does and another does not.
  -ffp-contract=off
  -fstack-protector-strong)
# What __FILE__ says counts from the root too: else an assertion names the folder of the clone that ccache had the object from.
add_compile_options("-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=")
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(NOT WB_SANITIZE AND NOT CMAKE_CXX_FLAGS MATCHES "-O0")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of g++ 12 in std::string and std::vector.
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-missing-field-initializers)
  # With -O2 it takes the empty alternative of an expected or optional for uninitialized; clang, ASan and valgrind look for it.
  if(CMAKE_CXX_FLAGS MATCHES "-O2")
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
else()
  add_compile_options(-Wno-missing-field-initializers)
endif()
if(WB_UNITY)
  # Of a name that another file has to itself; and a class that only its file knows looks like one of a header.
  add_compile_options(-Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(WB_WERROR)
  add_compile_options(-Werror)
endif()
if(WB_SANITIZE)
  add_compile_options(-fsanitize=${WB_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WB_SANITIZE})
  add_compile_definitions(WB_SANITIZED)  # for tests that run shorter then
  if(WB_SANITIZE MATCHES "undefined")
    # These six cost half of the compile time and find what the assertions of libstdc++ find too.
    add_compile_options(-fno-sanitize=null,alignment,vptr,object-size,nonnull-attribute,returns-nonnull-attribute)
  endif()
endif()

# Heavy headers (Boost.Beast) compile one at a time: each needs more than half a gigabyte.
set_property(GLOBAL PROPERTY JOB_POOLS heavy=1)

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)

# What nearly every file above src/model reads first: the variants of commands and events, and the state they make. Read once for each
# preset it costs 5 s and 170 MB; read anew by every file it costs 1 s each. Not with the presets asan (ccache keeps
# nothing of clang's that reads one) and clang (it shows that every file includes what it uses).
option(WB_PRECOMPILE "precompile core/process.h for what is above src/model" ON)
if(WB_PRECOMPILE)
  file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/precompiled.cpp" CONTENT "")
  add_library(wb_precompiled OBJECT "${CMAKE_BINARY_DIR}/precompiled.cpp")
  target_include_directories(wb_precompiled PRIVATE "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(wb_precompiled PRIVATE Threads::Threads)
  target_precompile_headers(wb_precompiled PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${CMAKE_SOURCE_DIR}/src/core/process.h>")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set_target_properties(wb_precompiled PROPERTIES CXX_COMPILER_LAUNCHER "")
    string(SHA256 flags "${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_CXX_FLAGS} ${WB_SANITIZE} ${WB_WERROR}")
    set(header "${CMAKE_BINARY_DIR}/CMakeFiles/wb_precompiled.dir/cmake_pch.hxx.gch")
    set(digest "${CMAKE_SOURCE_DIR}/cmake/precompiled-digest")
    add_custom_command(OUTPUT "${header}.sum" DEPENDS "${header}" "${digest}"
      COMMAND "${digest}" "${header}.sum" "${flags}" "${CMAKE_CXX_COMPILER}" src/core/process.h
      WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" VERBATIM)
    add_custom_target(wb_precompiled_digest DEPENDS "${header}.sum")
    add_dependencies(wb_precompiled_digest wb_precompiled)
  endif()
endif()

# wb_precompiled_for(TARGET DEPENDS): the target reads the precompiled header if it depends on what the header is made of.
function(wb_precompiled_for target depends)
  if(WB_PRECOMPILE AND "${depends}" MATCHES "wb_(model|core|engine|sim|api|app|cli|ports|config)(;|_|$)")
    target_precompile_headers(${target} REUSE_FROM wb_precompiled)
    if(TARGET wb_precompiled_digest)
      add_dependencies(${target} wb_precompiled_digest)
    endif()
  endif()
endfunction()

set(WB_UNITY_FILES_MAX 10)  # longer ones keep one core waiting for the other

# wb_unity(OUT NAME BELOW FILES APART): what to compile for FILES. APART names files that have names of their own which the others
# have too; they are compiled together among themselves, "|" separating those that cannot be either. BELOW: the include folder.
function(wb_unity out name below files apart)
  if(NOT WB_UNITY)
    set(${out} "${files}" PARENT_SCOPE)
    return()
  endif()
  set(groups "")
  set(group "")
  foreach(file IN LISTS apart)
    if(file STREQUAL "|")
      list(APPEND groups "${group}")
      set(group "")
    else()
      list(REMOVE_ITEM files "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
      string(APPEND group "${CMAKE_CURRENT_SOURCE_DIR}/${file}|")
    endif()
  endforeach()
  list(APPEND groups "${group}")
  list(LENGTH files count)
  math(EXPR parts "(${count} + ${WB_UNITY_FILES_MAX} - 1) / ${WB_UNITY_FILES_MAX}")
  set(group "")
  set(place 0)
  foreach(file IN LISTS files)
    math(EXPR before "${place} * ${parts} / ${count}")
    math(EXPR place "${place} + 1")
    math(EXPR after "${place} * ${parts} / ${count}")
    string(APPEND group "${file}|")
    if(after GREATER before)
      list(APPEND groups "${group}")
      set(group "")
    endif()
  endforeach()
  set(number 0)
  set(made "")
  foreach(group IN LISTS groups)
    string(REPLACE "|" ";" group "${group}")
    set(text "")
    foreach(file IN LISTS group)
      if(file)
        file(RELATIVE_PATH file "${below}" "${file}")
        string(APPEND text "#include \"${file}\"\n")
      endif()
    endforeach()
    if(text)
      math(EXPR number "${number} + 1")
      set(file "${CMAKE_CURRENT_BINARY_DIR}/${name}_${number}.cpp")
      file(GENERATE OUTPUT "${file}" CONTENT "${text}")
      list(APPEND made "${file}")
    endif()
  endforeach()
  set(${out} "${made}" PARENT_SCOPE)
endfunction()

# wb_library(NAME [DEPENDS …] [PRIVATE …] [APART …] [SEPARATE]): one folder below src/ is one static library, `wb_` and the folder's
# path with `_` for `/`. Every *.cpp of the folder itself belongs to it; folders below are libraries of their own. APART: wb_unity.
# SEPARATE: each file is an object of its own always, for programs that link only what they use (the keeper, the attendant).
function(wb_library name)
  cmake_parse_arguments(ARG "SEPARATE" "" "DEPENDS;PRIVATE;APART" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "*.cpp")
  if(NOT ARG_SEPARATE)
    wb_unity(sources ${name} "${CMAKE_SOURCE_DIR}/src" "${sources}" "${ARG_APART}")
  endif()
  add_library(wb_${name} STATIC ${sources})
  target_include_directories(wb_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(wb_${name} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
  wb_precompiled_for(wb_${name} "${ARG_DEPENDS}")
  # The fuzzer is led by what it reaches: it is told of the libraries that read strangers' input, not of what no target links.
  if(WB_FUZZ AND NOT name MATCHES "^(api|app_.*|cli|engine|sim|core|drivers_(action|agent|notify|query|sqlite|system|systemd))$")
    target_compile_options(wb_${name} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# What a test knows of folders (test/places.h). Nothing else is compiled with a path of this checkout: ccache has it for a clone elsewhere.
add_library(wb_places STATIC EXCLUDE_FROM_ALL "${CMAKE_SOURCE_DIR}/test/places.cpp")
target_compile_definitions(wb_places PRIVATE WB_SOURCE_DIR="${CMAKE_SOURCE_DIR}" WB_BINARY_DIR="${CMAKE_BINARY_DIR}")

# wb_test(NAME [DEPENDS …] [APART …]): all *.cpp of this folder of test/ make one GoogleTest program, test_NAME.
function(wb_test name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;APART" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "*.cpp")
  wb_unity(sources ${name} "${CMAKE_SOURCE_DIR}/test" "${sources}" "${ARG_APART}")
  add_executable(test_${name} ${sources})
  target_include_directories(test_${name} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/test")
  target_link_libraries(test_${name} PRIVATE ${ARG_DEPENDS} wb_places GTest::gtest GTest::gtest_main)
  wb_precompiled_for(test_${name} "${ARG_DEPENDS}")
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  # Of 90 MB 87 are names of variants that only debuggers and sanitizers read, in each of forty programs. A debugger is for dev.
  if(NOT WB_SANITIZE AND CMAKE_CXX_FLAGS MATCHES "-O2")
    target_link_options(test_${name} PRIVATE LINKER:--strip-debug)
  endif()
  add_test(NAME ${name} COMMAND test_${name})
endfunction()

# wb_fuzz(NAME SOURCE [DEPENDS …]): one libFuzzer program, fuzz_NAME; its corpus is fuzz/corpus/NAME.
function(wb_fuzz name source)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_executable(fuzz_${name} ${source})
  target_include_directories(fuzz_${name} PRIVATE "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(fuzz_${name} PRIVATE ${ARG_DEPENDS})
  target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer-no-link)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endfunction()

# wb_bench(NAME SOURCE [DEPENDS …]): one program bench_NAME that prints its figures as JSON lines.
function(wb_bench name source)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_executable(bench_${name} ${source})
  target_include_directories(bench_${name} PRIVATE "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(bench_${name} PRIVATE ${ARG_DEPENDS})
  set_target_properties(bench_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench")
endfunction()
