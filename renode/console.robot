*** Comments ***
renode-test --variable ELF:/path/to/firmware.elf --variable IMAGE:/path/to/input.bin console.robot

ELF     firmware of a detector
IMAGE   an image with a face, as the model takes it: int8, each value pixel - 128

*** Settings ***
Resource    keywords.robot

*** Variables ***
${ELF}      ${CURDIR}/../build/face-m4/firmware.elf
${IMAGE}    ${CURDIR}/../build/face-m4/input.bin

*** Test Cases ***
Boots And Tells Its Name
    Boot Firmware
    Send Command    name%
    Wait For Line On Uart    m-name-dut-[stm32f439]
    Wait For Line On Uart    m-ready
    Should Have Stayed In Its Memories

Refuses An Unknown Command
    Boot Firmware
    Send Command    nonsense%
    Wait For Line On Uart    e-[unknown command
    Wait For Line On Uart    m-ready

Finds A Face In An Image
    Boot Firmware
    Load Input    ${IMAGE}
    Send Command    infer 1 0%
    Wait For Line On Uart    m-infer-done    timeout=60
    Wait For Line On Uart    m-ready
    Send Command    boxes%
    Wait For Line On Uart    m-box-\\[-?\\d+ -?\\d+ \\d+ \\d+ \\d+\\]    treatAsRegex=true
    Wait For Line On Uart    m-boxes-\\[[1-9]\\d*\\]    treatAsRegex=true
    Should Have Stayed In Its Memories
