*** Comments ***
renode-test --variable SAMPLE:/path/build/MODEL/renode/sample.resource wake_words.robot

The model is a classifier of two classes, the second of which wakes. By the integer reference, the sample photo, of a
person, wakes it, and the blank image does not.

*** Settings ***
Resource    keywords.resource
Resource    ${SAMPLE}

*** Variables ***
${SAMPLE}       ${CURDIR}/../build/face-m4/renode/sample.resource

*** Test Cases ***
Wakes On A Photo Of A Person
    Skip If    $PHOTO_CLASS == $BLANK_CLASS    no wake-word model that tells photo and blank apart
    Boot Firmware
    Load Image    ${PHOTO}
    Infer
    Outputs Should Be    @{PHOTO_CHECKSUMS}
    Should Have Stayed In Its Memories

Goes Back To Sleep On A Blank Image
    Skip If    $PHOTO_CLASS == $BLANK_CLASS    no wake-word model that tells photo and blank apart
    Boot Firmware
    Load Image    ${PHOTO}
    Infer
    Load Image    ${BLANK}
    Infer
    Outputs Should Be    @{BLANK_CHECKSUMS}
    Should Have Stayed In Its Memories
