# Puts the page of `nullworker watch` into a source, as it stands: no npm, no other tool. The scripts share one scope and
# are joined in this order.
set(page_folder ${PROJECT_SOURCE_DIR}/client/watch/page)
set(page_scripts words model link painter overview sessions view lanes curves event timeline main)
list(TRANSFORM page_scripts APPEND .js)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_folder}/page.html ${page_folder}/page.css)

file(READ ${page_folder}/page.html page_html)
file(READ ${page_folder}/page.css page_style)
set(page_script "'use strict'\n")
foreach(script ${page_scripts})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_folder}/${script})
    file(READ ${page_folder}/${script} text)
    string(APPEND page_script "${text}")
endforeach()
configure_file(${page_folder}/parts.cpp.in ${PROJECT_BINARY_DIR}/watch_page/parts.cpp @ONLY)
target_sources(nullworker_client PRIVATE ${PROJECT_BINARY_DIR}/watch_page/parts.cpp)
