"""How much the scripts of a page do: in counts, on which no machine's speed has an influence."""


def work_of(page, act):
    """How many blocks of scripts a page runs while something is done."""
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.startPreciseCoverage", {"callCount": True, "detailed": True})
    act()
    scripts = session.send("Profiler.takePreciseCoverage")["result"]
    session.send("Profiler.stopPreciseCoverage")
    session.detach()
    own = (script for script in scripts if "/assets/" in script["url"])
    return sum(block["count"] for script in own for function in script["functions"] for block in function["ranges"])
