# CPack runs this when it has installed into its folder, before it packs.
if(CPACK_GENERATOR STREQUAL "DEB")
    execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../deploy/debian/prepare ${CPACK_TEMPORARY_DIRECTORY}
                    COMMAND_ERROR_IS_FATAL ANY)
endif()
