// SPDX-License-Identifier: Apache-2.0
//
// Renders made-up dumps, so that programs that read reports can be tested without a kernel.
//
// usage: render-sample SAMPLE FORMAT [top] [kernel-first] [colour]
import Glibc
import Reports
import SystemPackage

let samples: [String: () -> Sample] = [
    "hostile": hostileSample, "service": serviceSample, "profile": profileSample, "deep": deepSample,
]

func fail(_ message: String) throws -> Never {
    try FileDescriptor.standardError.writeAll((message + "\n").utf8)
    exit(64)
}

let arguments = CommandLine.arguments.dropFirst()
guard let name = arguments.first, let sample = samples[name]?(),
    let format = arguments.dropFirst().first.flatMap(ReportFormat.init(rawValue:))
else {
    try fail("usage: render-sample \(samples.keys.sorted()) FORMAT [top] [kernel-first] [colour]")
}
var options = ReportOptions()
options.top = arguments.contains("top")
options.kernelFirst = arguments.contains("kernel-first")
options.hasColour = arguments.contains("colour")

do {
    var renderer = try format.makeRenderer(options: options)
    var output = ReportBuffer()
    sample.render(with: &renderer, to: &output)
    try FileDescriptor.standardOutput.writeAll(output.bytes)
} catch let error as UnsupportedOption {
    try fail(error.description)
}
