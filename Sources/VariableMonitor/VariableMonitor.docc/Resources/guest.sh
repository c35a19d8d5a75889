# SPDX-License-Identifier: Apache-2.0
cd variable-monitor
tools/vm -- 'insmod kmod/variable_monitor.ko && (../heater/.build/release/heater &) && sleep 2 && ucli'
