*** Variables ***
${PLATFORM}     ${CURDIR}/stm32f439.repl
${CONSOLE}      sysbus.usart3
${WINDOW}       0x60000000

*** Keywords ***
Boot Firmware
    [Documentation]    Starts the firmware \${ELF} and waits for its console. An access outside the memories fails
    ...                the test at its end, through Should Have Stayed In Its Memories.
    Execute Command    mach create "f439"
    Execute Command    machine LoadPlatformDescription @${PLATFORM}
    Execute Command    sysbus LoadELF @${ELF}
    Create Terminal Tester    ${CONSOLE}    timeout=5
    Create Log Tester    1
    Start Emulation
    Wait For Line On Uart    m-init-done
    Wait For Line On Uart    m-ready

Send Command
    [Documentation]    Sends a console command, which ends in %.
    [Arguments]    ${command}
    Write To Uart    ${command}

Load Input
    [Documentation]    Writes a file into the model's input: int8, each value pixel - 128, the size that model% tells.
    [Arguments]    ${file}
    ${pointer}=    Execute Command    sysbus GetSymbolAddress "model_input_pointer"
    ${pointer}=    Evaluate    $pointer.strip()
    ${input}=    Execute Command    sysbus ReadDoubleWord ${pointer}
    ${input}=    Evaluate    $input.strip()
    Execute Command    sysbus LoadBinary @${file} ${input}

Load Rows
    [Documentation]    Gives firmware that pulls rows an image: a file as for Load Input, in memory that the board
    ...                does not have, whose address goes into model_rows_pointer.
    [Arguments]    ${file}
    Execute Command    machine LoadPlatformDescription @${CURDIR}/image_window.repl
    Execute Command    sysbus LoadBinary @${file} ${WINDOW}
    ${pointer}=    Execute Command    sysbus GetSymbolAddress "model_rows_pointer"
    ${pointer}=    Evaluate    $pointer.strip()
    Execute Command    sysbus WriteDoubleWord ${pointer} ${WINDOW}
    Send Command    rows memory%
    Wait For Line On Uart    m-rows-[memory
    Wait For Line On Uart    m-ready

Should Have Stayed In Its Memories
    Should Not Be In Log    non existing peripheral
