"""Makes src/lib/emojiData.ts of Unicode's emoji-test.txt (Debian: unicode-data), and of the short names in NICKNAMES.

    python3 emoji.py [/usr/share/unicode/emoji/emoji-test.txt]
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
TONES = [chr(code) for code in range(0x1F3FB, 0x1F400)]
GROUPS = [
    "Smileys & Emotion", "People & Body", "Animals & Nature", "Food & Drink", "Travel & Places", "Activities", "Objects",
    "Symbols", "Flags",
]
NICKNAMES = {
    "😂": "joy", "🤣": "rofl", "😁": "beam", "😆": "laugh", "😅": "sweat", "🙂": "smile", "😇": "angel", "😍": "heart eyes", "😋": "yum",
    "😱": "scream", "🥳": "party", "😎": "cool", "🤓": "nerd", "🤔": "think", "🤬": "swear", "💩": "poop", "👋": "wave hello", "👍": "+1 yes like",
    "👎": "-1 no dislike", "🙏": "thanks please pray", "👏": "clap", "🙌": "hooray", "💪": "strong", "🤞": "luck", "🤦": "facepalm", "❤️": "love",
    "💯": "100", "🎉": "tada party", "✨": "sparkle", "🔥": "lit", "✅": "yes done", "❌": "no cross", "⚠️": "warning", "🚀": "ship launch",
    "👀": "look", "🎂": "birthday", "🍻": "cheers", "🥂": "toast", "☕": "coffee", "💡": "idea", "🐛": "bug", "🔧": "fix", "📌": "pin", "⏰": "alarm",
}


def read(path):
    """The emoji by group, without tones, and those that take them."""
    groups, toned, group = {}, set(), ""
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith("# group: "):
            group = line[9:]
        match = re.match(r"([0-9A-F ]+?) +; fully-qualified +# \S+ E[\d.]+ (.+)", line)
        if match is None:
            continue
        text = "".join(chr(int(code, 16)) for code in match[1].split())
        if not any(tone in text for tone in TONES):
            groups.setdefault(group, []).append((text, match[2]))
        elif TONES[0] in text:
            toned.add(text)
    return groups, toned


def takes_tones(text, toned):
    """Whether a tone stands behind the first character, in place of a selector, and nowhere else."""
    return text[0] + TONES[0] + text[1:].removeprefix("\ufe0f") in toned


def main():
    groups, toned = read(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode/emoji/emoji-test.txt")
    lines = []
    for group in GROUPS:
        entries = []
        for text, name in groups[group]:
            name = name.replace("flag: ", "").replace("|", " ")
            nickname = NICKNAMES.get(text)
            entries.append(f"{text}{'+' if takes_tones(text, toned) else ''} {name}{'' if nickname is None else ', ' + nickname}")
        lines.append(f'  "{"|".join(entries)}",')
    head = "/** Unicode's emoji and their names, by group; a + behind those that take tones. Made by emoji.py; do not edit. */"
    body = "export const emojiData: readonly string[] = [\n" + "\n".join(lines) + "\n];\n"
    (HERE / "src/lib/emojiData.ts").write_text(f"{head}\n{body}")


if __name__ == "__main__":
    main()
