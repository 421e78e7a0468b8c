*** Comments ***
renode-test --variable ELF:/path/to/firmware.elf --variable IMAGE:/path/to/input.bin rows.robot

ELF     firmware of a model that pulls the rows of its image: mcu-vision build --input rows
IMAGE   an image as the model takes it: int8, each value pixel - 128

*** Settings ***
Resource    keywords.robot

*** Variables ***
${ELF}      ${CURDIR}/../build/face-m4/firmware.elf
${IMAGE}    ${CURDIR}/../build/face-m4/input.bin

*** Test Cases ***
Has No Image After Reset
    Boot Firmware
    Send Command    rows memory%
    Wait For Line On Uart    e-[no image in memory
    Wait For Line On Uart    m-ready
    Should Have Stayed In Its Memories

Pulls The Rows Of An Image In Memory
    Boot Firmware
    Load Rows    ${IMAGE}
    Send Command    infer 1 0%
    Wait For Line On Uart    m-infer-done    timeout=60
    Wait For Line On Uart    m-results-\\[[\\d.,]*\\]    treatAsRegex=true
    Wait For Line On Uart    m-ready
    Should Have Stayed In Its Memories

Gives Up A Row That Never Comes
    Boot Firmware
    Send Command    rows uart%
    Wait For Line On Uart    m-rows-[uart
    Wait For Line On Uart    m-ready
    Send Command    infer 1 0%
    Wait For Line On Uart    m-row-0
    Wait For Line On Uart    e-[row 0: 2 s without a byte of it]
    Wait For Line On Uart    m-ready
    Should Have Stayed In Its Memories
