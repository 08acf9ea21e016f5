"""English words whose forms no ending explains: "lost" and "loss" are of "lose", "decision" is of "decide"."""

# The first of each group stands for all. Forms that are more often another word ("found", "rose", "saw") are left out.
_GROUPS = """
arise arose arisen, bear bore borne, become became, begin began begun, bend bent, bind bound, bite bit bitten,
blow blew blown, break broke broken, breed bred, bring brought, build built, buy bought, catch caught, child children,
choose chose chosen choice choices, come came, conclude conclusion conclusions, creep crept, deal dealt,
decide decision decisions, deep depth depths, defend defence defences defense defenses,
describe description descriptions, die died dies death deaths dead, divide division divisions, draw drew drawn,
drink drank drunk, drive drove driven, eat ate eaten, exclude exclusion exclusions, expand expansion expansions,
explode explosion explosions, extend extension extensions, fall fallen, feed fed, feel felt, fight fought,
fly flew flown flight flights, foot feet, forbid forbade forbidden, forget forgot forgotten, freeze froze frozen,
get got gotten, give gave given, go went gone, grow grew grown growth, hang hung, hear heard, hide hid hidden,
high height heights, hold held, include inclusion inclusions, invade invasion invasions, keep kept,
know knew known knowledge, lay laid, lead led, leave left, lend lent, life lives, long length lengths,
lose lost loss losses, make made, man men, marry marriage marriages, mean meant, meet met, pay paid,
person persons people, prove proof proofs, provide provision provisions, receive receipt receipts reception,
ride rode ridden, ring rang rung, run ran, say said, see seen, seek sought, sell sold sale sales, send sent,
shake shook shaken, shoot shot, shrink shrank shrunk, sing sang sung, sink sank sunk, sit sat, sleep slept,
speak spoke spoken speech speeches, spend spent, stand stood, steal stole stolen, strike struck,
strong strength strengths, succeed success successes, swear swore sworn, swim swam swum, take took taken,
teach taught, tear tore torn, think thought thoughts, throw threw thrown, understand understood, wake woke woken,
wear wore worn, wide width widths, win won, withdraw withdrew withdrawn withdrawal withdrawals, woman women,
write wrote written
"""

BASES = {form: forms[0] for forms in (group.split() for group in _GROUPS.split(",")) for form in forms[1:]}
