# Where `cmake --install` puts what, and the packages that `cpack` makes of it: a .deb, and a .tar.gz to unpack anywhere.
include(GNUInstallDirs)

# The daemon is for ordinary users, too, and the client looks for it beside itself: hence not sbin.
install(TARGETS nullworkerd nullworker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET manuals)
    install(DIRECTORY ${PROJECT_BINARY_DIR}/share/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
    install(DIRECTORY ${PROJECT_BINARY_DIR}/share/bash-completion ${PROJECT_BINARY_DIR}/share/zsh
            DESTINATION ${CMAKE_INSTALL_DATAROOTDIR})
endif()
# The folders are those of the repository, so that the links of the pages lead somewhere.
install(FILES README.md CHANGELOG.md CONTRIBUTING.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md)
set(for_all OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR}
        PATTERN *.sh PERMISSIONS ${for_all}
        PATTERN *.py PERMISSIONS ${for_all})
# To be copied into a project; found at a place that does not depend on Python's or Node's version.
install(DIRECTORY consumer DESTINATION ${CMAKE_INSTALL_DATADIR}/nullworker
        FILES_MATCHING PATTERN nullworker.py PATTERN nullworker.mjs PATTERN nullworker.d.mts)
# Our licence, and those of the works that are linked into the programs and ask to be named.
set(copyright ${PROJECT_BINARY_DIR}/copyright)
file(READ LICENSE licence)
file(READ deploy/notices notices)
file(CONFIGURE OUTPUT ${copyright} CONTENT "${licence}${notices}" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS LICENSE deploy/notices)
install(FILES ${copyright} DESTINATION ${CMAKE_INSTALL_DOCDIR})
# systemd looks below lib, whatever libraries are called here. Its settings are for the administrator to copy to
# /etc/nullworker: to install again must not overwrite them.
install(FILES deploy/nullworkerd.service deploy/nullworker-follow@.service DESTINATION lib/systemd/system)
install(FILES deploy/nullworkerd.env deploy/nullworker-follow.env deploy/supervisor.conf deploy/template.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/deploy)
install(FILES deploy/prometheus/nullworker.rules.yml DESTINATION ${CMAKE_INSTALL_DOCDIR}/deploy/prometheus)
install(FILES deploy/grafana/nullworker.json DESTINATION ${CMAKE_INSTALL_DOCDIR}/deploy/grafana)
install(PROGRAMS deploy/onstart.sh DESTINATION ${CMAKE_INSTALL_DOCDIR}/deploy)

string(TOLOWER ${CMAKE_SYSTEM_NAME} system)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_FILE_NAME nullworker-${PROJECT_VERSION}-${system}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGE_VENDOR "The nullworker authors")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian_tree.cmake)

set(debian_x86_64 amd64)
set(debian_aarch64 arm64)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${debian_${CMAKE_SYSTEM_PROCESSOR}}) # for others CPack asks dpkg
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "nullworker authors <authors@nullworker.invalid>") # there is no address
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS bash-completion)
if(NOT NULLWORKER_STATIC)
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
endif()
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "\
nullworkerd is a worker for Vast.ai Serverless that forwards nothing. A client
reserves it; it reports itself busy, so that the autoscaler starts another
machine for the next reservation. The program beside it takes its work from a
queue of its own, and a release frees the machine.
.
nullworker is the client: it reserves, holds and releases sessions, keeps as
many as there is work, and runs a whole fleet on one machine to try it.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles
    ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
    ${PROJECT_SOURCE_DIR}/deploy/debian/prerm
    ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
include(CPack)
