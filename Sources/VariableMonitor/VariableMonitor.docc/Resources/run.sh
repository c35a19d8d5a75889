# SPDX-License-Identifier: Apache-2.0
insmod variable-monitor/kmod/variable_monitor.ko
heater/.build/release/heater
variable-monitor/build/ucli > output
