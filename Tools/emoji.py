#!/usr/bin/env python3
"""Makes Sources/ChatModel/Text/EmojiList.swift from Unicode's emoji-test.txt.

    Tools/emoji.py emoji-test.txt > Sources/ChatModel/Text/EmojiList.swift

The file of the current version is at https://unicode.org/Public/emoji/latest/emoji-test.txt.

Unicode lists about 4,000 emoji. Most of them differ by the tones of people's skin only. The list has one entry for all
tones, in the section that says which ones there are, and `Emoji.swift` adds the tones. This script checks that what it
leaves out follows from what it writes: it expands the list as `Emoji.swift` does, and compares.
"""

import itertools
import re
import sys

SELECTOR = "\ufe0f"
TONES = [chr(code) for code in range(0x1F3FB, 0x1F400)]
# How many different tones an emoji of each section has, by the number of tones it shows.
SECTIONS = {"plain": {0: 1}, "oneTone": {0: 1, 1: 5}, "twoTones": {0: 1, 2: 25}, "differingTones": {2: 20}}
WIDTH = 100


def read(path):
    version, qualified, others = "", [], []
    with open(path, encoding="utf-8") as file:
        for line in file:
            version = version or "".join(re.findall(r"^# Version: ([\d.]+)", line))
            match = re.match(r"([0-9A-F ]+?) *; *(\S+)", line)
            if match:
                text = "".join(chr(int(code, 16)) for code in match[1].split())
                if match[2] == "fully-qualified":
                    qualified.append(text)
                elif match[2] != "component":
                    others.append(text)
    return version, qualified, others


def key(text):
    return text.replace(SELECTOR, "")


def without_tones(text):
    """With the selector that a tone replaced: emoji with and without a tone have the same one."""
    return "".join(character for character in text if character not in TONES)


def expand(entry, section):
    """Every emoji of an entry, as Emoji.swift makes them."""
    for count in SECTIONS[section]:
        for tones in itertools.product(TONES, repeat=count):
            if section == "differingTones" and len(set(tones)) == 1:
                continue
            first, rest = entry[0], entry[1:]
            if tones:
                first, rest = first + tones[0], rest.removeprefix(SELECTOR)
            yield first + rest + "".join(tones[1:])


def main():
    version, qualified, others = read(sys.argv[1])
    groups = {}
    for text in qualified:
        groups.setdefault(key(without_tones(text)), []).append(text)
    entries = {section: [] for section in SECTIONS}
    for texts in groups.values():
        counts = {}
        for text in texts:
            tones = sum(character in TONES for character in text)
            counts[tones] = counts.get(tones, 0) + 1
        section = next(name for name, shape in SECTIONS.items() if shape == counts)
        entries[section].append(max((without_tones(text) for text in texts), key=len))

    made = [text for section in SECTIONS for entry in entries[section] for text in expand(entry, section)]
    if sorted(made) != sorted(qualified):
        sys.exit(f"the sections do not tell these: {set(made) ^ set(qualified)}")
    keys = {key(text) for text in qualified}
    if len(keys) != len(qualified) or not keys.issuperset(map(key, others)):
        sys.exit("spellings of one emoji differ by more than U+FE0F")

    print(f"""\
/// The emoji of Unicode {version}: data, made by `Tools/emoji.py` from Unicode's `emoji-test.txt` and not edited.
///
/// Each stands fully qualified and without tones of the skin; the sections say which tones there are.
enum EmojiList {{""")
    for index, section in enumerate(SECTIONS):
        if index:
            print()
        print(f'    static let {section} = """')
        line = ""
        for entry in entries[section]:
            # In code points: how wide they are drawn depends on the font.
            if len(line) + len(entry) >= WIDTH:
                print(f"        {line} \\")
                line = ""
            line += (" " if line else "") + entry
        print(f'        {line}\n        """')
    print("}")


if __name__ == "__main__":
    main()
