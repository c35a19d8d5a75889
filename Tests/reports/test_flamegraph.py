# SPDX-License-Identifier: Apache-2.0
"""The flame graph, used in a browser without a window."""

import html
import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

PRESS = 'const press = key => dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));'

# Does what a person would do, and tells what came of it.
PERSON = f"<script>{PRESS}" + """
const said = {};
const look = what => { said[what] = [element("name").textContent, element("counts").textContent, zoomed]; };
look("begin");
press("ArrowDown"); look("down");
press("ArrowDown"); look("below");
press("Enter"); look("zoomed");
said.reset = element("reset").disabled;
press("ArrowRight"); look("right");
press("Escape"); look("escape");
const box = canvas.getBoundingClientRect();
canvas.dispatchEvent(new MouseEvent("mousemove", { clientX: box.left + 5, clientY: box.top + 1.5 * rowHeight }));
look("hover");
canvas.dispatchEvent(new MouseEvent("click", { clientX: box.left + 5, clientY: box.top + 1.5 * rowHeight }));
look("click");
search("SCHEDULE");
said.matched = element("matched").textContent;
draw();
said.pixels = new Set(context.getImageData(0, 0, canvas.width, canvas.height).data).size;
const texts = (where, what) => [...where.querySelectorAll(what)].map(found => found.textContent);
said.plots = [...document.querySelectorAll("figure")].map(figure => {
  const svg = figure.querySelector("svg"), frame = svg.getBoundingClientRect(), hit = svg.querySelector("line.hit");
  const begin = texts(figure, "span");
  svg.dispatchEvent(new MouseEvent("mousemove", { clientX: frame.left + Number(hit.getAttribute("x1")) }));
  return { begin, limits: texts(svg, "text.limit"), dots: svg.querySelectorAll("circle.hit").length,
           values: svg.querySelector(".values").getAttribute("d"), atHit: texts(figure, ".sample")[0] };
});
said.title = document.title;
said.subtitle = element("subtitle").textContent;
said.size = [innerWidth, innerHeight];
said.overhang = document.documentElement.scrollWidth - innerWidth;
parent.postMessage(said, "*");
</script>
"""

# Of a monitor and of a telephone.
SIZES = [(1280, 800), (420, 800)]

# One browser shows all pages at all sizes, each in a frame, and leaves in its own page what they tell.
FRAMES = """<!DOCTYPE html><style>iframe { border: 0 }</style>%s
<script>
const said = [...document.querySelectorAll("iframe")].map(() => null);
onmessage = event => {
  said[Array.from(frames).indexOf(event.source)] = event.data;
  document.body.dataset.said = JSON.stringify(said);
};
</script>
"""
FRAME = '<iframe src="%s" width="%d" height="%d"></iframe>'


def browse(folder, page, *options):
    """Runs a browser without a window on a page; what it prints."""
    assert shutil.which("chromium"), "chromium is missing: run tools/setup"
    return subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
         "--virtual-time-budget=2000", *options, page.as_uri()],
        check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120).stdout


@pytest.fixture(scope="module")
def said(render, tmp_path_factory):
    """By sample and size, what a person found."""
    folder = tmp_path_factory.mktemp("pages")
    uses = [(sample, *size) for sample in ("service", "hostile") for size in SIZES]
    for sample in {sample for sample, *_ in uses}:
        (folder / f"{sample}.html").write_bytes(render(sample, "flamegraph") + PERSON.encode())
    page = folder / "frames.html"
    page.write_text(FRAMES % "".join(FRAME % (f"{sample}.html", *size) for sample, *size in uses))
    dom = browse(folder, page, "--window-size=1800,3400", "--dump-dom")
    found = json.loads(html.unescape(re.search(r'data-said="([^"]*)"', dom)[1]))
    return dict(zip(uses, found))


@pytest.fixture(params=SIZES, ids="{0[0]}x{0[1]}".format)
def use(said, request):
    def use(sample):
        return said[(sample, *request.param)]

    return use


def test_the_page_fits(use, request):
    for sample in "service", "hostile":
        assert tuple(use(sample)["size"]) == request.node.callspec.params["use"]
        assert use(sample)["overhang"] <= 0, "nobody has to scroll sideways"


def test_keys_mouse_search_and_zoom(use):
    said = use("service")
    assert said["title"] == "965 tasks in 1 dump"
    assert said["subtitle"] == "queue_length = 812 > 500 (process 4100)"
    assert said["begin"] == ["all", "965 of 965 tasks (100 %)", 0]
    assert said["down"][0] == "orderd-worker" and said["down"][1].startswith("593 of 965 tasks (61.5 %)")
    assert said["below"][0] == "clone3" and said["below"][2] == 0
    assert said["zoomed"][0] == "clone3" and said["zoomed"][2] > 0 and said["reset"] is False
    assert said["right"][0] == "clone3", "what is not shown cannot be selected"
    assert said["escape"] == said["begin"]
    assert said["hover"] == said["down"]
    assert said["click"][0] == "orderd-worker" and said["click"][2] > 0
    # All but the tasks that ran.
    assert said["matched"] == "99.1 % matched"
    assert said["pixels"] > 20, "something was drawn"


def test_histories_are_plotted_with_threshold_and_hit(use):
    queue, workers = use("service")["plots"]
    assert queue["begin"] == ["queue_length = 812 > 500 (process 4100 in dump 1)", "257 ticks"]
    assert workers["begin"] == ["workers_ready (process 4100 in dump 1)", "257 ticks"]
    assert (queue["limits"], queue["dots"]) == (["500"], 1)
    assert (workers["limits"], workers["dots"]) == ([], 0)
    assert queue["atHit"] == "812 at 0 µs" and workers["atHit"] == "3 at 0 µs"
    # A value holds until the next tick.
    assert re.fullmatch(r"M[\d.]+ [\d.]+(H[\d.]+V[\d.]+){256}", queue["values"])
    heights = [float(height) for height in re.findall(r"V([\d.]+)", queue["values"])]
    assert heights[-1] == min(heights) < heights[-2] < heights[250] < heights[100], "it rises to the hit"


def test_hostile_names_are_only_text(use):
    said = use("hostile")
    assert said["begin"][1] == "6 of 6 tasks (100 %)"
    assert said["subtitle"] == (
        'temp = 151 > 150 (process 51666), low;"<? = -3 < -2 (process 51666), '
        "load = 0.75 > 0.5, at 2 ticks in a row (process 51666)")
    [load] = said["plots"]
    assert load["limits"] == ["0.5"]
    assert load["values"].count("M") == 2, "what is no number is a gap"


def test_it_needs_nothing_else(render):
    page = render("service", "flamegraph").decode()
    assert not re.search(r"""(src|href)\s*=|url\(|@import|https?://""", page)
    assert page.count("<script") == 2


# What docs/reports.md shows: the size, the scheme, and what a person did before.
IMAGES = {
    "flamegraph": ((1280, 800), "light", ""),
    "flamegraph-search": ((1280, 800), "dark", """
        element("histories").open = false;
        for (let row = 0; row < 4; row++) press("ArrowDown");
        press("Enter"); element("search").value = "schedule"; search("schedule");"""),
    "flamegraph-narrow": ((420, 800), "light", ""),
}


@pytest.mark.parametrize("name", IMAGES)
def test_images_of_the_documentation(render, tmp_path, name):
    """They are kept if IMAGES names a folder for them."""
    (width, height), scheme, person = IMAGES[name]
    page, image = tmp_path / "page.html", Path(os.environ.get("IMAGES", tmp_path)).resolve() / f"{name}.png"
    # The page follows the browser, which in this mode follows nothing.
    page.write_bytes(
        render("service", "flamegraph").replace(b"(prefers-color-scheme: dark)", b"all" if scheme == "dark" else b"none")
        + f"<script>{PRESS}{person}</script>".encode())
    browse(tmp_path, page, f"--window-size={width},{height}", "--hide-scrollbars", f"--screenshot={image}")
    assert struct.unpack(">II", image.read_bytes()[16:24]) == (width, height)
