// SPDX-License-Identifier: Apache-2.0
import PerfData
import Symbolisation

extension KernelSymbols {
    /// Whether these can name the kernel addresses of a profile: a kernel is loaded elsewhere at each
    /// boot, and what lies at an address of another one is not what was there.
    public func belong(to profile: PerfDataFile) -> Bool {
        guard let reference = profile.kernelReference else { return false }
        return symbol(at: reference.address)?.start == reference.address
    }
}
