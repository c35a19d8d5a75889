# SPDX-License-Identifier: Apache-2.0
#
# Mends a manual page of swift-argument-parser's generator: it copies the text of a help as it is, but
# in mdoc(7) empty lines are no paragraphs, and lines that stand in by four columns need a display of their own.

/^$/ { isEmpty = 1; next }

/^    / {
    if (!inDisplay) print ".Bd -literal -offset 4n"
    else if (isEmpty) print ""
    inDisplay = 1; isEmpty = 0
    print substr($0, 5)
    next
}

{
    if (inDisplay) print ".Ed"
    if (isEmpty && !/^\./) print ".Pp"
    inDisplay = 0; isEmpty = 0
    print
}
