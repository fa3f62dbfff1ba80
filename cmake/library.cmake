# keystore_objects(NAME SOURCES … LINKS …): the objects of one folder, linked into one of the
# shared libraries.
function(keystore_objects name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} OBJECT ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE keystore_flags OpenSSL::Crypto Threads::Threads ${arg_LINKS})
endfunction()

# keystore_shared(NAME OUTPUT … VERSION_SCRIPT … OBJECTS … LINKS … SHOWS …): a shared library whose
# exports are those of its version script, never unloaded. SHOWS: what its headers take and give, so
# that who links it links that as well.
function(keystore_shared name)
  cmake_parse_arguments(arg "" "OUTPUT;VERSION_SCRIPT" "OBJECTS;SOURCES;LINKS;SHOWS" ${ARGN})
  foreach(objects IN LISTS arg_OBJECTS)
    list(APPEND arg_SOURCES $<TARGET_OBJECTS:${objects}>)
  endforeach()
  add_library(${name} SHARED ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE keystore_flags ${arg_LINKS} PUBLIC ${arg_SHOWS})
  target_link_options(${name} PRIVATE -Wl,-z,nodelete -Wl,-z,defs
                      -Wl,--version-script=${arg_VERSION_SCRIPT})
  if(KEYSTORE_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,undefs)
  endif()
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${arg_OUTPUT} LINK_DEPENDS ${arg_VERSION_SCRIPT}
                        LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib INSTALL_RPATH "$ORIGIN")
endfunction()
