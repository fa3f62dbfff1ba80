# What `cmake --install` puts where (DESIGN, section 2). The tree can be moved: libraries find each
# other by $ORIGIN, the provider and the command by their own place.
include(CMakePackageConfigHelpers)

set(keystore_components keystore keystore_verify keystore_lifecycle keystore_openssl keystore_token_admin
    keystore_c keystore_openssl_c keystore_verify_c keystore_botan)
foreach(component IN LISTS keystore_components)
  target_include_directories(${component} INTERFACE $<INSTALL_INTERFACE:include>)
endforeach()
set_target_properties(keystore_openssl PROPERTIES EXPORT_NAME openssl)
set_target_properties(keystore_token_admin PROPERTIES EXPORT_NAME token_admin)
install(TARGETS ${keystore_components} EXPORT keystore
  LIBRARY DESTINATION lib)
install(TARGETS keystore_provider LIBRARY DESTINATION lib/ossl-modules)
install(TARGETS keystore_command RUNTIME DESTINATION bin)

install(DIRECTORY bindings/python/keystore DESTINATION lib/python3/dist-packages
  PATTERN __pycache__ EXCLUDE)

# Every public header under include/keystore: outside, the OpenSSL binding is keystore/openssl/, that for
# Botan keystore/botan/, the token administration keystore/token_admin.h.
function(install_headers folder)
  foreach(header IN LISTS ARGN)
    get_filename_component(name ${header} NAME)
    file(READ ${PROJECT_SOURCE_DIR}/${header} text)
    string(REGEX REPLACE "\"bindings/openssl/(tls|x509)/" "\"keystore/openssl/" text "${text}")
    string(REPLACE "\"bindings/botan/" "\"keystore/botan/" text "${text}")
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/include/${folder}/${name} CONTENT "${text}" @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/include/${folder}/${name} DESTINATION include/${folder})
  endforeach()
endfunction()

file(GLOB public_headers RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/keystore/*.h)
install_headers(keystore ${public_headers} backends/pkcs11/admin/token_admin.h bindings/c/ks.h bindings/c/ks_openssl.h
                bindings/c/ks_verify.h)
install_headers(keystore/lifecycle keystore/lifecycle/move.h)
install_headers(keystore/verify keystore/verify/check.h keystore/verify/fetch.h keystore/verify/host_name.h
                keystore/verify/trust.h keystore/verify/verify.h)
install_headers(keystore/openssl bindings/openssl/tls/tls.h bindings/openssl/tls/pkey.h
                bindings/openssl/tls/configure.h bindings/openssl/tls/rotator.h bindings/openssl/x509/request.h
                bindings/openssl/x509/issue.h)
install_headers(keystore/botan bindings/botan/botan.h bindings/botan/certificate_store.h
                bindings/botan/credentials.h bindings/botan/error.h bindings/botan/key.h)

export(EXPORT keystore NAMESPACE keystore:: FILE ${PROJECT_BINARY_DIR}/keystore-targets.cmake)
install(EXPORT keystore NAMESPACE keystore:: FILE keystore-targets.cmake DESTINATION lib/cmake/keystore)
configure_package_config_file(cmake/keystore-config.cmake.in ${PROJECT_BINARY_DIR}/keystore-config.cmake
  INSTALL_DESTINATION lib/cmake/keystore)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/keystore-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/keystore-config.cmake ${PROJECT_BINARY_DIR}/keystore-config-version.cmake
  DESTINATION lib/cmake/keystore)

# keystore_pkg_config(PACKAGE DESCRIPTION REQUIRES): the package is called as its library.
function(keystore_pkg_config package description requires)
  configure_file(cmake/keystore.pc.in ${PROJECT_BINARY_DIR}/${package}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${package}.pc DESTINATION lib/pkgconfig)
endfunction()
keystore_pkg_config(keystore "One keystore API, wherever the key lives" "")
keystore_pkg_config(keystore-verify "Certificate paths and their faults" keystore)
keystore_pkg_config(keystore-lifecycle "Keys moved onto tokens" keystore)
keystore_pkg_config(keystore-openssl "Keys of any store in OpenSSL and TLS" keystore)
keystore_pkg_config(keystore-botan "Keys of any store in Botan" "keystore botan-2")
keystore_pkg_config(keystore-c "Keystore in C" "")
keystore_pkg_config(keystore-openssl-c "Keys of any store in OpenSSL and TLS, in C" keystore-c)
keystore_pkg_config(keystore-verify-c "Certificate paths and their faults, in C" keystore-c)
