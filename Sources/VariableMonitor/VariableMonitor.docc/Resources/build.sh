# SPDX-License-Identifier: Apache-2.0
cd heater
swift build -c release --static-swift-stdlib
