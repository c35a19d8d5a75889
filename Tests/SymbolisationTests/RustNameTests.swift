// SPDX-License-Identifier: Apache-2.0
import ScratchFixtures
import Testing

@testable import Symbolisation

@Suite struct RustNameTests {
    /// Of the examples in the rustc book and the RFC of the scheme.
    @Test(arguments: [
        ("_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"),
        ("_RNvNtCsgJzFkYIKM1I_7mycrate3foo3bar", "mycrate::foo::bar"),
        ("_RINvNtC3std3mem8align_ofjdE", "std::mem::align_of::<usize,f64>"),
        ("_RNvMs_Cs4Cv8Wi1oAIB_7mycrateNtB4_7Example3foo", "<mycrate::Example>::foo"),
        (
            "_RNvXCs15kBYyAo9fc_7mycrateNtB2_7ExampleNtB2_5Trait3foo",
            "<mycrate::Example_as_mycrate::Trait>::foo"
        ),
        ("_RNCNvCsgStHSCytQ6I_7mycrate4main0B3_", "mycrate::main::{closure#0}"),
        ("_RNvCs1234_7mycrateu8gdel_5qa", "mycrate::gödel"),
        ("_RNvC1a4main.llvm.1234567", "a::main"),
        ("_RNvC1a4main.cold", "a::main.cold"),
        ("_RIC0KVNvNtC4core3mem4formE", "_RIC0KVNvNtC4core3mem4formE"),
    ])
    func examples(symbol: String, name: String) {
        #expect(functionName(ofSymbol: symbol) == name)
    }

    @Test(
        arguments: [
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"),
            (
                "_ZN61_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE.llvm.12",
                "<alloc::vec::Vec<T>_as_core::fmt::Debug>::fmt"
            ),
            ("_ZN4core3ptr41drop_in_place$LT$$RF$u8$C$$u5b$i32$u5d$$GT$17h0123456789abcdefE", nil),
            ("_ZN4main4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "main::main::{{closure}}"),
        ] as [(String, String?)])
    func olderNames(symbol: String, name: String?) {
        if let name {
            #expect(functionName(ofSymbol: symbol) == name)
        } else {
            // The length of a part is wrong: it is no name.
            #expect(LegacyRustName.demangled(Array(symbol.utf8)) == nil)
        }
    }

    /// All functions of a program, against the demangler of binutils, which also shows the hash of a crate and
    /// the type of a number.
    @Test func likeBinutils() throws {
        let fixture = try Fixture()
        try fixture.write(Self.source, to: "source.rs")
        try fixture.run(
            "rustc=/usr/bin/rustc; [ -x $rustc ] || rustc=rustc; $rustc -C symbol-mangling-version=v0 -o program source.rs"
        )
        let symbols = try fixture.run("nm program | sed -n 's/.* \\(_R.*\\)/\\1/p' | sort -u | tee symbols")
            .split(separator: "\n")
        let expected = try fixture.run(
            """
            c++filt < symbols | sed -E 's/\\[[0-9a-f]{5,16}\\]//g; s/: (bool|char|[iu](8|16|32|64|128|size))([],>])/\\3/g'
            """
        ).split(separator: "\n")
        try #require(symbols.count > 100 && symbols.count == expected.count)
        for (symbol, expected) in zip(symbols, expected) {
            #expect(functionName(ofSymbol: String(symbol)) == oneWord(Array(expected.utf8)[...]))
        }
    }

    /// Each part of this name stands for two of the one before: it has 2³⁰ parts.
    @Test func namesThatGrow() {
        var symbol = "INvC1a1f"
        var part = "u"
        for _ in 0..<30 {
            let position = symbol.utf8.count
            symbol += "T" + part + part + "E"
            part = "B" + base62(position) + "_"
        }
        let name = functionName(ofSymbol: "_R" + symbol + "E")
        #expect(name.hasPrefix("a::f::<"))
        #expect(name.utf8.count <= 2 * functionNameMax)
    }

    private func base62(_ number: Int) -> String {
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        let value = number - 1
        return value < 62 ? String(digits[value]) : base62(value / 62 + 1) + String(digits[value % 62])
    }

    /// Any bytes may be in a symbol table.
    @Test func damagedSymbols() {
        let symbol =
            "RINvXCs15kBYyAo9fc_7mycrateNtB2_7ExampleNtB2_5Trait3fooFG0_RL0_hTmmEEDNtC1a1bp1cuEL_Kj1f_Kb1_E"
        for count in 0...symbol.utf8.count {
            #expect(!functionName(ofSymbol: "_" + symbol.prefix(count)).isEmpty)
            for letter in "_EBCMNXYIZ09uRTDFGK" {
                let damaged = symbol.prefix(count) + String(letter) + symbol.dropFirst(count + 1)
                #expect(!functionName(ofSymbol: "_" + damaged).isEmpty)
            }
        }
        for deep in [
            "_RNvC1a" + String(repeating: "Nv", count: 5000),
            "_RINvC1a1f" + String(repeating: "R", count: 5000),
        ] {
            #expect(functionName(ofSymbol: deep) == deep.prefix(functionNameMax))
        }
    }

    private static let source = """
        use std::collections::HashMap;
        pub struct Wrapper<T, const N: usize>(pub [T; N]);
        pub trait Shape { fn area(&self) -> f64; }
        impl<T: Clone, const N: usize> Wrapper<T, N> {
            #[inline(never)] pub fn first(&self) -> T { let f = || self.0[0].clone(); f() }
        }
        impl Shape for Wrapper<u8, 3> {
            #[inline(never)] fn area(&self) -> f64 { inner::<&'static str, (i32, char)>(&["x"]) as f64 }
        }
        #[inline(never)] pub fn inner<A, B>(a: &[A]) -> usize { a.len() + std::mem::size_of::<B>() }
        #[inline(never)] pub fn generic<F: Fn(u32) -> u32>(f: F) -> u32 { f(2) }
        pub mod deep { #[inline(never)] pub fn gödel() -> u32 { 3 } }
        pub struct Flag<const B: bool, const C: char, const I: i32>;
        impl<const B: bool, const C: char, const I: i32> Flag<B, C, I> {
            #[inline(never)] pub fn get(&self) -> i32 { I }
        }
        pub type Iterators = Box<dyn Iterator<Item = u8> + Send>;
        pub type Foreign = unsafe extern "C" fn(*const u8, *mut [i64; 2], &mut (u16,)) -> !;
        fn main() {
            let w = Wrapper([1u8, 2, 3]);
            let mut m: HashMap<String, Vec<Option<i64>>> = HashMap::new();
            m.insert("a".to_string(), vec![Some(1)]);
            println!("{} {} {:?} {}", w.first(), w.area(), m, generic(|y| y * 2));
            println!("{} {}", deep::gödel(), Flag::<true, 'x', -5>.get());
            println!("{}", inner::<Iterators, for<'a> fn(&'a u8, fn(&u8)) -> &'a u8>(&[]));
            println!("{}", inner::<Foreign, ()>(&[]));
        }
        """
}
