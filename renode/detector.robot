*** Comments ***
renode-test --variable SAMPLE:/path/build/face-m4/renode/sample.resource detector.robot

*** Settings ***
Resource    keywords.resource
Resource    ${SAMPLE}

*** Variables ***
${SAMPLE}       ${CURDIR}/../build/face-m4/renode/sample.resource

*** Test Cases ***
Finds The Faces Of A Photo With The Bytes Of The Integer Reference
    Skip If    $TASK != 'detect'    this model is no detector
    Boot Firmware
    Load Image    ${PHOTO}
    Infer
    Send Command    boxes%
    FOR    ${box}    IN    @{PHOTO_BOXES}
        Wait For Line On Uart    m-box-[${box}]
    END
    ${count}=    Get Length    ${PHOTO_BOXES}
    Wait For Line On Uart    m-boxes-[${count}]
    Wait For Line On Uart    m-ready
    Outputs Should Be    @{PHOTO_CHECKSUMS}
    Should Have Stayed In Its Memories

Gives The Bytes Of The Integer Reference For A Blank Image
    Boot Firmware
    Load Image    ${BLANK}
    Infer
    Outputs Should Be    @{BLANK_CHECKSUMS}
    Should Have Stayed In Its Memories
