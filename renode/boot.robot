*** Comments ***
renode-test --variable SAMPLE:/path/build/face-m4/renode/sample.resource boot.robot

*** Settings ***
Resource    keywords.resource
Resource    ${SAMPLE}

*** Variables ***
${SAMPLE}       ${CURDIR}/../build/face-m4/renode/sample.resource
${UNDEFINED}    0xDEFFDEFF
${FLASH_ACR}    0x40023C00

*** Test Cases ***
Boots And Identifies Itself
    Boot Firmware
    Answers    name%    m-name-dut-[stm32f439]
    Answers    profile%    m-model-[${MODEL}]
    Answers    model%    m-input-[${INPUT}]
    Should Have Stayed In Its Memories

Refuses An Unknown Command
    Boot Firmware
    Answers    nonsense%    e-[unknown command

Refuses An Image Of The Wrong Size
    Skip If    ${PULLS_ROWS}    this firmware takes no whole image
    Boot Firmware
    Answers    db load 1%    e-[db load needs the size of the input, ${INPUT_BYTES}]
    Answers    db load 4294967295%    e-[db load needs the size of the input, ${INPUT_BYTES}]
    Answers    db 00%    e-[no db load before]
    Should Have Stayed In Its Memories

Survives Console Garbage
    Boot Firmware
    ${garbage}=    Evaluate    "".join(chr(33 + 7 * i % 90) for i in range(200)).replace("%", "x").replace("=", "x")
    Answers    ${garbage}%    e-[command longer than 80 characters]
    Answers    %    e-[unknown command
    Answers    infer -1 99999999999%    e-[infer needs a number of runs
    Answers    name%    m-name-dut-[stm32f439]
    Should Have Stayed In Its Memories

Sets The Wait States Of Its Flash
    Boot Firmware
    ${control}=    Execute Command    sysbus ReadDoubleWord ${FLASH_ACR}
    ${latency}=    Evaluate    int($control.strip(), 16) & 15
    Should Be Equal As Integers    ${latency}    5

Reports A Fault And Stops
    [Documentation]    The first instructions of the command become undefined ones.
    Boot Firmware
    ${address}=    Execute Command    sysbus GetSymbolAddress "command_name"
    ${address}=    Evaluate    hex(int($address.strip(), 16) & ~1)
    Execute Command    sysbus WriteDoubleWord ${address} ${UNDEFINED}
    Send Command    name%
    Wait For Line On Uart    e-\\[fault (UsageFault|HardFault) pc=0x[0-9a-f]+ lr=0x[0-9a-f]+ cfsr=0x[0-9a-f]+ addr=0x[0-9a-f]+\\]    treatAsRegex=true
