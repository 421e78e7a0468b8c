*** Comments ***
renode-test --variable SAMPLE:/path/build/face-m4/renode/sample.resource rows.robot

The firmware pulls the rows of its image: mcu-vision build --input rows

*** Settings ***
Resource    keywords.resource
Resource    ${SAMPLE}

*** Variables ***
${SAMPLE}       ${CURDIR}/../build/face-m4/renode/sample.resource

*** Test Cases ***
Has No Image After Reset
    Skip If    not ${PULLS_ROWS}    this firmware takes a whole image
    Boot Firmware
    Answers    rows memory%    e-[no image in memory
    Should Have Stayed In Its Memories

Pulls The Rows Of An Image In Memory
    Skip If    not ${PULLS_ROWS}    this firmware takes a whole image
    Boot Firmware
    Load Rows    ${PHOTO}
    Infer
    Outputs Should Be    @{PHOTO_CHECKSUMS}
    Should Have Stayed In Its Memories

Gives Up A Row That Never Comes
    Skip If    not ${PULLS_ROWS}    this firmware takes a whole image
    Boot Firmware
    Answers    rows uart%    m-rows-[uart
    Send Command    infer 1 0%
    Wait For Line On Uart    m-row-0
    Wait For Line On Uart    e-[row 0: 2 s without a byte of it]
    Wait For Line On Uart    m-ready
    Should Have Stayed In Its Memories
