# What `cmake --install` puts where (DESIGN, section 2). The tree can be moved: libraries find each
# other by $ORIGIN, the provider and the command by their own place.
include(CMakePackageConfigHelpers)

set(keystore_components keystore keystore_lifecycle keystore_openssl keystore_token_admin)
install(TARGETS ${keystore_components} EXPORT keystore
  LIBRARY DESTINATION lib
  FILE_SET HEADERS DESTINATION include)
install(TARGETS keystore_provider LIBRARY DESTINATION lib/ossl-modules)
install(TARGETS keystore_command RUNTIME DESTINATION bin)

file(GLOB public_headers RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/keystore/*.h)
foreach(header IN LISTS public_headers)
  install(FILES ${header} DESTINATION include/keystore)
endforeach()
install(DIRECTORY keystore/lifecycle DESTINATION include/keystore FILES_MATCHING PATTERN "*.h"
        PATTERN "internal" EXCLUDE)

export(EXPORT keystore NAMESPACE keystore:: FILE ${PROJECT_BINARY_DIR}/keystore-targets.cmake)
install(EXPORT keystore NAMESPACE keystore:: FILE keystore-targets.cmake DESTINATION lib/cmake/keystore)
configure_package_config_file(cmake/keystore-config.cmake.in ${PROJECT_BINARY_DIR}/keystore-config.cmake
  INSTALL_DESTINATION lib/cmake/keystore)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/keystore-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/keystore-config.cmake ${PROJECT_BINARY_DIR}/keystore-config-version.cmake
  DESTINATION lib/cmake/keystore)
configure_file(cmake/keystore.pc.in ${PROJECT_BINARY_DIR}/keystore.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/keystore.pc DESTINATION lib/pkgconfig)
