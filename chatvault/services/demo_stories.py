"""What the invented people of the demo said to each other: scenes as text, made into a timeline.

A scene begins with its wall clock (`@ 2024-03-09 18:05`, in Singapore, where they live); a line is
an initial, a sign and words: `:` says it, `^` says it in reply to the line before, `#` sends a
picture with a caption, and a line that begins with `*` is the app's own. `|` is a new line within a
message. Between the scenes come bits of small talk, which ones and when by seed.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

ZONE = "Asia/Singapore"
OFFSET_SECONDS = 8 * 3600  # all year round: the city has no summer time


class Sort(StrEnum):
    """What a line is."""

    TEXT = ":"
    REPLY = "^"
    PICTURE = "#"
    APP = "*"


@dataclass(frozen=True)
class Line:
    """One thing that was said, by whom and when."""

    unix: int
    who: str
    sort: Sort
    text: str

    @property
    def wall(self) -> datetime:
        """The clock on the wall, without a zone, as exports have it."""
        return datetime.fromtimestamp(self.unix + OFFSET_SECONDS, UTC).replace(tzinfo=None)


def timeline(
    story: str, small_talk: str, people: Mapping[str, str], rng: random.Random
) -> list[Line]:
    """All lines in order, no two in one second; `people` maps initials to names."""
    scenes = _scenes(story)
    first, last = scenes[0][-1].unix, scenes[-1][0].unix
    for talk in rng.sample(_scenes(small_talk), k=5):
        midnight = rng.randrange(first, last) // 86_400 * 86_400 - OFFSET_SECONDS + 86_400
        begins = midnight + rng.randrange(9 * 3600, 21 * 3600)
        speakers = rng.sample(sorted(people), k=2)
        scenes.append(
            [replace(one, unix=begins, who=speakers["AB".index(one.who)]) for one in talk]
        )
    lines: list[Line] = []
    now = 0
    for scene in sorted(scenes, key=lambda scene: scene[0].unix):
        now = max(now + 60, scene[0].unix)
        for line in scene:
            lines.append(replace(line, unix=now, who=people.get(line.who, "")))
            now += rng.choice((2, 5, 9, 14, 25, 40, 75))
    return lines


def _scenes(story: str) -> list[list[Line]]:
    """The scenes of a story; small talk has no clock of its own and gets zero."""
    scenes: list[list[Line]] = []
    for row in story.strip().splitlines():
        if row.startswith("@"):
            stated = row.removeprefix("@").strip()
            begins = datetime.fromisoformat(stated or "1970-01-01 08:00").replace(tzinfo=UTC)
            clock = int((begins - timedelta(seconds=OFFSET_SECONDS)).timestamp())
            scenes.append([])
        else:
            who, sign, text = ("", "*", row[1:]) if row[0] == "*" else (row[0], row[1], row[2:])
            scenes[-1].append(Line(clock, who, Sort(sign), text.strip().replace("|", "\n")))
    return scenes


JORY = """
@ 2024-02-24 19:02
J: Found your blue umbrella behind the oven. No idea how.
N: I have been blaming the 105 bus for a week
J: The bus is innocent 🚌
@ 2024-03-02 08:10
J: Sourdough number four. I am calling this one Gerald.
J# Gerald, before the oven
N^ He looks... confident?
J: He has been awake longer than I have
N: Save me the crust
@ 2024-03-09 17:58
J: Kettle is on if you are near
N: Ten minutes. Bringing the lemon cake from Ottilie
J: Then I take back everything I said about Tuesday
N# lemon cake, slightly dented by the stairs
J^ Dented cake counts as two slices
@ 2024-03-16 21:30
N: How do you say "see you at the ferry" in Chinese
J: 码头见
N: 码头见！ Easy.
J: And "bring water": 带水
N: 带水，带帽子，带Jory
J: 哈哈哈 very good
@ 2024-04-06 07:15
J: Ferry leaves at eight, Changi Point
N: I am awake. Mostly.
J: Ok
J: ok
N: Two oks means you are not dressed
@ 2024-04-06 16:44
J# the quarry, from the bench
J# the dog that followed us
N^ He wanted your sandwich, not your friendship
J: Both can be true
N: Best Saturday since the year of the broken tram
@ 2024-04-20 12:03
N: Do you still have the recipe for the plum tart? https://example.org/plum-tart is gone
J: 250 g flour|125 g butter|one egg|plums until it looks rude
N: "until it looks rude" is not a unit
J^ It is in my family
@ 2024-04-28 22:11
J: The landlord signed. We have the shop until 2029!
N: 🎉🎉🎉
N: I am so happy for you two
J: Come on Wednesday, we open a bottle and count the chairs
N: How many chairs?
J: Eleven. One is decorative.
"""

OTTILIE = """
@ 2024-03-03 09:20
* Messages and calls are end-to-end encrypted.
O: Morning! Did the parcel from your aunt arrive?
N: It did. Three kinds of tea and a letter I cannot read yet
O: Then come over and we read it together
@ 2024-03-08 20:41
O: I need an honest opinion
O# the sign for the shop, second try
N^ I love the loaf. The R looks like a duck
O: The R IS a duck
N: Then it is perfect
@ 2024-03-09 15:12
O: Lemon cake is cooling. Do not let Jory carry it
N: He will find out from the crumbs
O# look at this thing
N: I am leaving the house right now
@ 2024-03-22 18:36
N: Is the market on Saturday or Sunday?
O: Saturday, seven o'clock, rain or not
O: I bring the good scales
N: And I bring coins
@ 2024-04-13 11:05
O: We measured the room. The oven fits with four centimetres to spare
N: Four whole centimetres of luxury
O# the room with the tape measure
O: Jory cried a little. Do not tell him I told you
N: What room. What Jory.
@ 2024-05-01 19:48
O: First of May and we have a KEY
N: To the city?
O: To a former shoe shop. Better
O# the key, on the floor of the shop
N^ I will frame this
@ 2024-05-14 07:30
O: If this phone dies today: all recipes are on the yellow paper
N: Noted, and photographed
O: ok
O: ok good
"""

BAKERS = """
@ 2024-03-05 18:00
* Messages and calls are end-to-end encrypted. Tap to learn more.
* Ottilie Marsh created group "Bakers Row"
* Ottilie Marsh added you
O: Welcome to the group where we decide about ovens
J: Only ovens?
O: And chairs. And the duck
@ 2024-03-09 18:20
O: Who took the picture of the cake before it fell?
N# proof of life
J: That is a different cake
N: That is the SAME cake, from its good side
@ 2024-03-25 20:15
O: List for Saturday: flour, string, big pan, courage
J: I have string
J: And the pan
N: So courage is on me again
@ 2024-03-30 13:37
J# sold out at half past one!!
O: All forty?
J: All forty. A man bought six and apologised
N: 🥐🥐🥐
"""

BAKERS_LATER = """
@ 2024-04-18 19:30
O: The oven comes on the 29th between 8 and 14
N: I can wait for it, I work from home that day
J: Hero
J: hero of ovens
@ 2024-04-29 13:58
N# it is here. it is enormous
O: IT IS BEAUTIFUL
J: Does it have a name
N: The driver called it "the bear"
O: Then it is the Bear 🐻
@ 2024-05-18 06:02
J: First batch of the Bear. Smell this message
O: I can smell it from the bus
N# there is a queue. at six in the morning
O: I am not crying, it is the flour
"""

XIAOMAN = """
@ 2024-02-10 00:03
X: 新年快乐！龙年大吉🐲
N: 新年快乐！替我抱抱奶奶
X: 奶奶说你去年答应要来吃饺子的
N^ 今年一定
@ 2024-03-01 12:20
X: 你看我捡到了什么
X# 楼下的小猫
N: 好小！它有名字吗
X: 还没有，你来取一个
N: 叫饼干吧
X: 饼干！它答应了（其实是打了个哈欠）
@ 2024-03-15 21:05
X: 饼干今天把我的论文坐皱了
N: 说明写得很舒服
X: 导师要是也这么想就好了
N: 加油，下周请你吃火锅🍲
@ 2024-03-29 18:47
X: 我收到录取通知了！
X: 北京！秋天就去！
N: 太好了！！！我们去北京看你
X# 通知书，遮住了名字
N^ 奶奶一定很高兴
X: 她已经打电话告诉全楼了
@ 2024-04-12 22:10
N: 饼干怎么办？
X: 奶奶说归她管，她每天喂三次
N: 那它很快就不叫饼干了，叫面包
X: 哈哈哈哈
@ 2024-05-05 15:33
X# 饼干和奶奶看电视
N: 谁拿遥控器？
X^ 当然是猫
X: 你什么时候回来？
N: 六月，带一箱榴莲饼
@ 2024-06-08 10:00
X: 端午安康，粽子要甜的还是咸的？
N: 都要
X: 就知道
"""

LAOWU = """
@ 2023-11-12 09:30
W: 小诺，上次那张合影能再发我一次吗？手机换了，都没了
N# 爬山合影
W: 收到，这次我打印出来
N: 聊天记录也没了？
W: 都没了，十年的。所以你们年轻人要多备份
@ 2023-12-31 20:00
W: 新年好！身体健康
N: 吴叔新年好！腿好些了吗？
W: 好多了，每天走六千步
@ 2024-02-18 16:20
W: 三月的桂花酒可以开了
N: 真的？我记得是前年封的
W: 两年零四个月，一天不差
N: 我带花生
@ 2024-04-04 08:15
W: 今天去看了老房子，树还在
W# 院子里的树
N: 比我记得的还高
W: 你小时候在上面摔下来过
N^ 那是小满，不是我
W: 哦对，是小满。老了，记错了
@ 2024-06-16 18:40
W: 父亲节，儿子打电话来了
N: 吴叔开心吗？
W: 开心。就是信号不好，只听清一半
W: 一半也够了
"""

HIKERS = """
@ 2024-03-18 20:00
X: 周六七点集合？
Z: 可以
W: 我六点半就到，占位子
N: 吴叔每次都占一棵树
Z: 哈哈
@ 2024-03-23 07:05
X: 我到了，谁看见老吴了
W: 在树下
Z: 哪棵树
W: 大的那棵
N: 都很大……
@ 2024-03-23 15:50
Z# 山顶，风很大
N: 帽子飞走的是谁？
Z: 是我🎩
X: 下次系绳子
W^ 年轻人，慢慢走
@ 2024-04-19 19:26
X: 下周有雷雨，改到五月吧
Z: 好
N: 好
Z: 好
W: 听天气的
@ 2024-05-11 06:40
W: 出发
X: 带水，带帽子
N: 帽子系好了
Z: 这次轮到我带荔枝
X: 阿哲今天是英雄
@ 2024-05-11 13:22
Z# 荔枝只剩这些了
N: 是谁吃的
W: 是我
X: 哈哈哈哈哈
"""

SMALL_TALK_ENGLISH = """
@
A: Are you up?
B: Define up
A: Never mind, found the spare key
@
A: What was the name of that film with the lighthouse?
B: Which one, there are nine
A: The one with the soup
B: Ah. "The Soup"
@
A: Rain or sun tomorrow?
B: Both, says my knee 🌦
@
A: I owe you 12.50 for the train
B: You owe me a coffee, rounded up
A: Deal
@
A: Did you feel the thunder just now
B: I thought it was the neighbours' piano
@
A: Password for the wifi is on the fridge
B: Which fridge
A: The honest one
@
A: running 5 min late
B: running or walking
A: ...walking
@
A: Happy birthday!! 🎂
B: Thank you! I feel exactly one day older
"""

SMALL_TALK_CHINESE = """
@
A: 到家了吗？
B: 到了，刚进门
A: 那就好
@
A: 晚上吃什么？
B: 面条
A: 又是面条
B: 面条很好
@
A: 下雨了，收衣服！
B: 收了收了☔
@
A: 你有没有看见我的钥匙？
B: 在你手里吧
A: ……对
@
A: 周末有空吗？
B: 周日下午可以
@
A: 那家书店还开着吗？
B: 搬到河边去了，更大了
A: 太好了
@
A: 早！
B: 早，今天也要开心
@
A: 生日快乐🎂
B: 谢谢你还记得
"""
