/** Emoji and their names. The groups are in the order of `texts.emoji.groups`. */
const source = [
  "😀 grin 😄 smile 😁 beam 😆 laugh 😅 sweat 😂 joy 🤣 rofl 🙂 slight-smile 🙃 upside-down 😉 wink 😊 blush 😇 angel 🥰 adore 😍 heart-eyes 🤩 star-eyes 😘 kiss 😋 yum 😜 tongue 🤪 zany 🤗 hug 🤭 giggle 🤫 hush 🤔 think 🤨 doubt 😐 neutral 😶 speechless 😏 smirk 😒 unamused 🙄 eye-roll 😬 grimace 😌 relieved 😔 pensive 😴 sleep 😷 mask 🤒 ill 🤕 hurt 🤢 nausea 🤮 vomit 🥵 hot 🥶 cold 🥴 woozy 🤯 mind-blown 🤠 cowboy 🥳 party 😎 cool 🤓 nerd 🧐 monocle 😕 confused 😟 worried 🙁 frown 😮 surprised 😳 flushed 🥺 pleading 😨 fear 😰 anxious 😢 cry 😭 sob 😱 scream 😞 disappointed 😩 weary 🥱 yawn 😤 huff 😠 angry 🤬 swear 😈 devil 💀 skull 💩 poop 🤡 clown 👻 ghost 👽 alien 🤖 robot",
  "👋 wave ✋ hand 👌 ok ✌️ peace 🤞 luck 🤟 love-you 🤘 rock 👈 left 👉 right 👆 up 👇 down 👍 thumbs-up 👎 thumbs-down ✊ fist 👊 punch 👏 clap 🙌 hooray 🤝 handshake 🙏 thanks ✍️ write 💪 strong 👀 eyes 🧠 brain 👶 baby 👩 woman 👨 man 👵 grandma 👴 grandpa 🤷 shrug 🤦 facepalm 🙋 raise-hand 🙇 bow 💃 dance 🏃 run 👪 family",
  "❤️ heart 🧡 orange-heart 💛 yellow-heart 💚 green-heart 💙 blue-heart 💜 purple-heart 🖤 black-heart 💔 broken-heart 💕 hearts 💯 hundred 💥 boom 💫 dizzy 💦 drops 💤 zzz ✨ sparkles ⭐ star 🔥 fire 🎉 tada ✅ yes ❌ no ❓ question ❗ exclamation ⚠️ warning 🚫 forbidden ♻️ recycle ➕ plus 🔔 bell 🔇 mute",
  "🐶 dog 🐱 cat 🐭 mouse 🐰 rabbit 🦊 fox 🐻 bear 🐼 panda 🦁 lion 🐷 pig 🐸 frog 🐵 monkey 🐔 chicken 🐧 penguin 🦉 owl 🐴 horse 🦄 unicorn 🐝 bee 🦋 butterfly 🐢 turtle 🐙 octopus 🐟 fish 🐳 whale 🌵 cactus 🌲 tree 🌻 sunflower 🌹 rose 🍀 clover 🍁 leaf 🌍 earth 🌙 moon ☀️ sun ⛅ cloud 🌧️ rain ⛄ snowman 🌈 rainbow 🌊 sea",
  "🍎 apple 🍌 banana 🍓 strawberry 🍒 cherry 🍉 melon 🥑 avocado 🍅 tomato 🥕 carrot 🌽 corn 🍞 bread 🧀 cheese 🥚 egg 🍔 burger 🍟 fries 🍕 pizza 🌮 taco 🥗 salad 🍝 pasta 🍣 sushi 🍰 cake 🎂 birthday 🍪 cookie 🍫 chocolate 🍿 popcorn ☕ coffee 🍵 tea 🍺 beer 🍻 cheers 🍷 wine 🥂 toast",
  "⚽ football 🏀 basketball 🎾 tennis 🏆 trophy 🥇 gold 🎮 game 🎲 dice 🧩 puzzle 🎨 art 🎵 music 🎸 guitar 🎤 sing 🎬 film 📷 camera 🚗 car 🚌 bus 🚲 bike 🚂 train ✈️ plane 🚀 rocket ⛵ boat 🏠 home 🏥 hospital 🏫 school 🏖️ beach ⛰️ mountain ⏰ alarm ⌛ hourglass 📱 phone 💻 laptop 💡 idea 🔑 key 🔒 lock 🔨 hammer 🔧 wrench 🎁 gift 🎈 balloon 📅 calendar 📌 pin 📎 clip ✂️ scissors 📝 note 📚 books ✉️ mail 💰 money 🛒 shopping 💊 pill",
];

export interface Emoji {
  readonly emoji: string;
  readonly name: string;
}

export const emojiGroups: readonly (readonly Emoji[])[] = source.map((group) =>
  Array.from(group.matchAll(/(\S+) (\S+)/g), ([, emoji = "", name = ""]) => ({ emoji, name: name.replace(/-/g, " ") })),
);
