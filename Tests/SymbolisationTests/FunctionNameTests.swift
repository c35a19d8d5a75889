// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Symbolisation

/// Symbols as compilers made them, and the one word that a report has for each.
@Suite struct FunctionNameTests {
    @Test(arguments: [
        ("main", "main"),
        ("__GI___nanosleep", "__GI___nanosleep"),
        ("customFunction1.constprop.0", "customFunction1.constprop.0"),
    ])
    func plain(symbol: String, name: String) {
        #expect(functionName(ofSymbol: symbol) == name)
    }

    @Test(arguments: [
        ("_ZN2ns1C1hEv", "ns::C::h"),
        ("_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int,std::allocator<int>>::push_back"),
        // Functions made from templates have their return type in front.
        ("_ZN2ns4pickIiEEPFviET_", "ns::pick<int>"),
        ("_ZN2ns8variadicILi3EJilEEEDTfrplfp_EDpT0_", "ns::variadic<3,int,long>"),
        ("_ZNK2ns4ListIiE4sortIZ4mainEUlvE1_EEvT_", "ns::List<int>::sort<main::{lambda()#3}>"),
        ("_ZN12_GLOBAL__N_16Hidden3runEi", "(anonymous)::Hidden::run"),
        // Things inside of functions.
        ("_ZZN2ns5outerEiENK5Local2goEi", "ns::outer::Local::go"),
        ("_ZZZN2ns5outerEiENK5Local2goEiENKUliE_clEi", "ns::outer::Local::go::{lambda#1}::operator()"),
        // Operators.
        ("_ZNK2ns4ListIiEclEii", "ns::List<int>::operator()"),
        ("_ZN2ns4ListIiEixEi", "ns::List<int>::operator[]"),
        ("_ZN2ns4ListIiEptEv", "ns::List<int>::operator->"),
        ("_ZNK2ns4ListIiEltERKS1_", "ns::List<int>::operator<"),
        ("_ZN2nsplIiEET_S1_RKNS_1AE", "ns::operator+<int>"),
        ("_ZN9__gnu_cxxltIPicEEbT_T0_", "__gnu_cxx::operator<_<int*,char>"),
        ("_ZN2nslsERSoRKNS_1AE", "ns::operator<<"),
        ("_ZNK2ns4ListImEcvbEv", "ns::List<unsigned_long>::operator_bool"),
        (
            "_ZNK2ns4ListIPFvicEEcvSt6vectorIiSaIiEEEv",
            "ns::List<void_(*)(int,char)>::operator_std::vector<int,std::allocator<int>>"
        ),
        ("_ZN2ns4ListIiEdaEPv", "ns::List<int>::operator_delete[]"),
        ("_ZN2nsli2_xEy", "ns::operator\"\"_x"),
        // What is around a name.
        ("_ZN2ns6taggedB2v2Ei", "ns::tagged"),
        ("_ZThn8_N2ns1C1hEv", "ns::C::h"),
        ("_ZNO2ns4ListIiE1fEv", "ns::List<int>::f"),
        ("_ZN2ns5outerEi.part.0", "ns::outer.part.0"),
        ("_ZN2ns5outerEi.cold.llvm.1234", "ns::outer.cold"),
        // Rust.
        ("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"),
    ])
    func cxx(symbol: String, name: String) {
        #expect(functionName(ofSymbol: symbol) == name)
    }

    @Test(arguments: [
        ("$s9userstack15customFunction1yS2iF", "userstack.customFunction1"),
        ("$s3mod11withClosure_1xS3ic_SitFS2icfU_S2iXEfU_", "mod.withClosure.closure#1.closure#1"),
        ("$s3mod1EO4nameSSyF5innerL_ySSSiFSSyXEfU_", "mod.E.name.inner#1.closure#1"),
        ("$s3mod1SV6hidden33_082378938799E2C2D9C58DADB07C3E82LLyS2iF", "mod.S.hidden"),
        ("$s3mod1SV1loiySbAC_ACtFZ", "mod.S.<"),
        ("$s3mod1SV2eeoiySbAC_ACtFZ", "mod.S.=="),
        ("$s3mod1SV1sopyA2CFZ", "mod.S.-"),
        ("$s3mod1SVyS2icig", "mod.S.subscript.getter"),
        ("$s3mod6globalSaySiGvau", "mod.global.unsafeMutableAddressor"),
        ("$s3mod1CCfD", "mod.C.__deallocating_deinit"),
        ("$s3mod1SVAA1PA2aDP1fSiyFTW", "mod.P.f"),
        ("$s3mod3ActC3inc2byS2i_tYaKFTY2_", "mod.Act.inc"),
        ("$s3mod4MainV4mainyyYaKFZTf4d_nTQ2_", "mod.Main.main"),
        ("$sSa3modE4eachySayqd__Gqd__xKXEKSLRd__lF", "Swift.Array.each"),
        ("$sSa3modSiRszlE5total2ofS2i_tFS2i_Sitcfu_", "Swift.Array<A>.total.closure#1"),
        (
            "$ss15ContiguousArrayV16_createNewBuffer14bufferIsUnique15minimumCapacity13growForAppendySb_SiSbtFSi_Tg5",
            "Swift.ContiguousArray._createNewBuffer"
        ),
        ("$s3mod1CCMa", "type_metadata_accessor_for_mod.C"),
        ("$s3mod6global_WZ", "one-time_initialization_function_for_global"),
        ("$sIegh_IeyBh_TR", "reabstraction_thunk"),
        ("$sSaySiGSayxGSTsWL", "protocol_witness_table"),
    ])
    func swift(symbol: String, name: String) {
        #expect(functionName(ofSymbol: symbol) == name)
    }

    /// Files may hold any bytes, also where demanglers count them.
    @Test func brokenText() {
        for bytes in [[0xff], [0xff, 0xfe, 0xfd], Array(repeating: 0xff, count: 3)] as [[UInt8]] {
            #expect(functionName(ofSymbol: bytes).unicodeScalars.allSatisfy { $0 == "\u{fffd}" })
            let mangled = Array("_ZN\(bytes.count)".utf8) + bytes + Array("1fEv".utf8)
            #expect(functionName(ofSymbol: mangled).hasSuffix("::f"))
            #expect(!functionName(ofSymbol: Array("$s".utf8) + bytes).isEmpty)
        }
    }

    /// What only looks mangled stays what it is; nothing has blanks.
    @Test(arguments: ["_Z", "_Zxyz", "$s", "$sqq", "_ZN", " ", "a b", "a  ( b", "_Z1fv extra"])
    func names(symbol: String) {
        let name = functionName(ofSymbol: symbol)
        #expect(!name.isEmpty)
        #expect(!name.contains(" "))
    }

    /// Any bytes may be in a symbol table: brackets that are never closed, operators without an end.
    @Test func damagedSymbols() {
        let symbols = [
            "_ZNK2ns4ListIPFvicEEcvSt6vectorIiSaIiEEEv", "_ZZZN2ns5outerEiENK5Local2goEiENKUliE_clEi",
            "$s3mod11withClosure_1xS3ic_SitFS2icfU_S2iXEfU_", "$sSa3modSiRszlE5total2ofS2i_tFS2i_Sitcfu_",
        ]
        for symbol in symbols {
            for count in 0...symbol.utf8.count {
                let cut = String(symbol.prefix(count))
                #expect(!functionName(ofSymbol: cut + "_").isEmpty)
                var signature = Signature(demangled(Array(symbol.utf8))!.text.prefix(count))
                _ = signature.cxxName()
                signature = Signature(demangled(Array(symbol.utf8))!.text.prefix(count))
                _ = signature.swiftName()
            }
        }
    }
}
