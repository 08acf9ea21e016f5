"""What tells languages of one script apart: their commonest words, and letters that few others have.

Chosen by hand. Languages for which there is no stemmer stand here too, so that they are not taken for a neighbour.
"""

_LATIN_WORDS = {
    "en": "the of and to in is that for it as was with be by on not he his but at are this have from or had an they "
        "which you were her all she there would their we him been has when who will no more if out so what up its "
        "about than into them can only other your please should these how do does being must may",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
        "hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor "
        "zur bis mehr durch man sein wurde wenn können ich ihre dieser kann diese bitte ihr wir keine muss",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec ou son "
        "aux mais comme nous cette ont été ses leur être fait elle vous lui je tout on deux même ces si dont peut "
        "votre veuillez sans cet était entre leurs",
    "es": "de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí "
        "porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno "
        "les ni contra otros ese eso ante es son fue ha está puede usted",
    "it": "di e il la che in a per un è del con non una della le si da i come dei al sono nel alla più o anche gli ha "
        "delle ma lo dal se ai su questo cui nella tra essere stato loro sua suo degli ed questa quando ancora può "
        "era dalla dopo deve sul sulla",
    "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu "
        "sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos "
        "ter seus quem nas me esse eles são você este",
    "ca": "de la el que i a en les els del un per amb una és no al es dels com més són ha aquest aquesta seva seu pel "
        "va ser o també però si entre sobre ja han on qual quan molt aquests fins cap nostre totes tots sense "
        "mentre pot podeu vostra",
    "nl": "de van het een en in is dat op te zijn voor met die niet aan er om ook als dan maar bij of uit nog naar "
        "door over worden werd hij wordt tot ze deze heeft hebben kan geen meer zo wel u dit ik je wij al onder "
        "moet tussen heb hun waar niets uw gebruik",
    "sv": "och i att det som en på är av för med till den har de inte om ett men var jag sig från vi så kan när år "
        "under också efter eller nu sin där vid mot ska skulle kommer ut får finns vara hade alla andra mycket än "
        "här då sedan över bara blir upp även vad få detta måste",
    "da": "og i at det er en til af på den de for med som der ikke har et var han om men fra vil kan også blev efter "
        "sig ved ud være eller hun over nu når år end meget skal så havde blive hvor hvad mange mod under op bliver "
        "jeg du nogle mig dette uden kunne din deres hvis noget mellem selv gennem kun fik flere siger ad jer",
    "no": "og i det er en til av på den de for med som ikke har et at var han om men fra vil kan også ble etter seg "
        "ved ut være eller hun over nå når år enn mye skal så hadde bli hvor hva mange mot under opp blir jeg du "
        "noen meg dette uten kunne din deres må hvis noe mellom selv gjennom bare fikk flere sier ei eit ikkje frå",
    "fi": "ja on ei se että oli hän mutta ovat kun myös joka ole niin kuin tai hänen jos vain mukaan sitä ne olisi "
        "nyt jo sen ollut jälkeen vielä sekä siitä kanssa mitä voi tämä tämän oma koska kaikki tässä jotka olla "
        "eivät sinun anna",
    "et": "ja on ei see et oli ta kui aga ka mis ning oma siis või selle seda nii kes ma olnud veel välja sest pärast "
        "mida ainult pole tema olid nad siin saab kõik ole oleks kuid juba kas mille selles teie palun",
    "hu": "a az és hogy nem is egy ez meg csak volt de már mint ha azt el van még vagy kell szerint majd lesz ki "
        "pedig ezt után sem mert minden nagy több két igen olyan amely azonban ami így ezért alatt fel lehet között "
        "sok egyik nincs kérjük össze illetve",
    "cs": "a se v na je že s z do i o to k ve pro za by ale si po jako podle od jsem však byl jeho jsou které při "
        "který není aby tak když už jen také být co ze než až nebo která byla před mezi bude více ještě pouze tento "
        "této musí byly může pokud",
    "sk": "a sa v na je že s z do aj o to k vo pre za by ale si po ako podľa od som však bol jeho sú ktoré pri ktorý "
        "nie aby tak keď už len tiež byť čo zo než až alebo ktorá bola pred medzi bude viac ešte iba tento tejto "
        "musí boli môže prosím",
    "pl": "w i na z do nie się że to o jest a za jak po od dla ale przez są co by tym był lub oraz ze który być ich "
        "tego jako może jego już tak przy czy które roku także tylko było przed jej pod tej bardzo gdy mnie możesz "
        "proszę musi będzie ma",
    "sl": "je v in na se da za so z ki pa po s o ne kot bi tudi ali od do iz še lahko pri bil kar vse ter samo ko ni "
        "bo le sem že zaradi med vendar bila tem kako nad ima biti si vaš prosimo morate",
    "hr": "i u je na se da za su od s o kao a ne koji iz do ili bi što nije može biti koje koja po samo prema te ali "
        "će sve kako ako još jer bio više nakon pri već bila sa ima između tako molimo vaš ovo ova mora",
    "ro": "de și în a la cu pe nu o un din care că este să mai au pentru se al fi sunt prin ca sau lui ale fost după "
        "cel cea dar acest aceasta ei dacă unei această fie până între lor foarte avea avut dumneavoastră trebuie "
        "poate vă",
    "tr": "ve bir bu de da için ile olarak çok daha en gibi olan kadar sonra ne ya o var ise ancak olduğu ki her "
        "değil ama mı yok şey içinde onun ben diye tarafından hem sadece veya zaman göre nasıl büyük oldu vardır "
        "edilen ilk lütfen iki yılında etmiştir",
    "id": "yang dan di dengan untuk dari ini itu dalam tidak pada adalah akan juga ke karena tersebut bisa ada oleh "
        "atau dapat sebagai mereka telah lebih sudah bahwa saya kita kami satu anda harus seperti hanya para tahun "
        "saat belum lain bila",
    "ga": "an na agus a ar i go is do ag le bhí sé tá ní sin seo air mar atá faoi ó sa nó chun gur bhfuil leis siad "
        "nach mé sí raibh lena eile acu aon gan ina idir féin níl",
    "lt": "ir kad į su iš yra buvo tai ne bet o kaip jis apie už tik dar jo nuo jau per taip po ar būti šis arba kai "
        "savo dėl iki gali labai prie jei jos jų nėra kuris metų šią jūsų",
    "lv": "un ir ar no uz par ka kas nav bet to kā tika arī lai pie bija tas vai pēc līdz ja tikai tā šo savu kad jau "
        "gan viņš vēl var ļoti būt šis tiek jūs jūsu lūdzu vairāk",
    "eu": "eta da ez du bat zen dira ere izan egin zuen den dute duen hau bere baina edo zuten ziren arte beste dela "
        "baino oso gabe egiten behar hori berri dago dituen bezala lehen zure mesedez",
    "eo": "la kaj de en estas al ke por ne kun ĝi li sed el pri kiu estis per oni mi vi kiel ankaŭ tiu pli ĉi aŭ sur "
        "kiuj dum ili si nur tre post tio ŝi inter ĉiuj via bonvolu devas",
    "sq": "të e në dhe një për me që nga është se i u si më nuk ka do janë por kjo tij ishte ky edhe kur kanë ose "
        "gjithë pas shumë duke apo tek këtë sa cili ju lutemi",
    "vi": "của và là các có được trong cho không với một những để người này khi đã từ ra đến vào như về cũng nhiều bị "
        "theo sẽ trên nhưng phải còn năm hay hoặc bạn lại",
    "is": "og að í á er sem til um við með ekki var fyrir það en hann af frá eru hefur eða því ég hún þess þegar "
        "verið þá úr vera ef þetta hafa eftir voru þú",
    "af": "die van en in is het nie te op 'n vir met dat wat aan as hy sy ook deur om was na word sal maar by of uit "
        "hulle daar nog kan moet dit ons jy",
}  # fmt: skip

_CYRILLIC_WORDS = {
    "ru": "и в не на что с по как это к из у за от он а для но о до его был или все если так также может были при "
        "которые вы чтобы только",
    "uk": "і в не на що з як це до та за від він а для але є його або був при також які було може якщо ви щоб тільки "
        "про",
    "be": "і у не на што з як гэта да за ад ён а для але яго або быў пры таксама якія калі вы каб толькі пра",
    "bg": "и в не на че с по като това към от за той а до но е се са го или при които може ако вие само да ще",
    "mk": "и во не на дека со по како ова од за тој а до но е се го или при кои може ако само да ќе",
    "sr": "и у је на се да за су од с о као а не који из до или би што није може бити које која по само ако",
}  # fmt: skip

_ARABIC_WORDS = {
    "ar": "في من على أن إلى عن مع هذا هذه التي الذي كان لا ما أو كما بعد قد بين ذلك هو هي لم كل غير",
    "fa": "و در به از که این را با است برای آن یک خود تا کرد بر هم نیز شده می شود بود او ما اما یا",
    "ur": "کے میں کی ہے اور سے کا کو اس پر نے ہیں کہ یہ ایک بھی تھا کر گیا تھی لیے ان وہ ہو",
}

_DEVANAGARI_WORDS = {
    "hi": "के में की है और से का को पर ने हैं कि यह एक भी था कर गया थी लिए इस वह हो नहीं या",
    "ne": "को मा र छ लागि पनि गर्न भएको हो एक यो तथा छन् थियो बाट ले गरेको नेपाल तर गर्ने",
    "mr": "आहे आणि या च्या व हे तो ती मध्ये होते आहेत एक हा की ते नाही करण्यात साठी",
}

LATIN, CYRILLIC, ARABIC, DEVANAGARI = (
    {language: frozenset(words.split()) for language, words in table.items()}
    for table in (_LATIN_WORDS, _CYRILLIC_WORDS, _ARABIC_WORDS, _DEVANAGARI_WORDS)
)

# Letters of which one says much.
_LETTERS = {
    "ß": "de", "ä": "de fi sv et sk", "ö": "de fi sv hu tr et is", "ü": "de hu tr et", "ñ": "es eu", "¿": "es",
    "¡": "es", "ã": "pt vi", "õ": "pt et vi", "ç": "fr pt tr ca sq", "œ": "fr", "è": "fr it ca",
    "ê": "fr pt vi", "ù": "it vi", "ò": "it ca vi", "ő": "hu", "ű": "hu", "ř": "cs", "ě": "cs", "ů": "cs",
    "ľ": "sk", "ŕ": "sk", "ĺ": "sk", "ô": "sk fr pt", "ł": "pl", "ń": "pl", "ś": "pl", "ź": "pl", "ż": "pl",
    "ć": "pl hr", "ą": "pl lt", "ę": "pl lt", "ė": "lt", "ų": "lt", "į": "lt", "ū": "lt lv", "ā": "lv",
    "ē": "lv", "ī": "lv", "ņ": "lv", "ļ": "lv", "ķ": "lv", "ğ": "tr", "ı": "tr", "ş": "tr", "ț": "ro",
    "ș": "ro", "ţ": "ro", "ă": "ro vi", "â": "ro pt fr vi", "î": "ro fr", "å": "sv no da", "ø": "no da",
    "æ": "no da is", "ð": "is", "þ": "is", "ơ": "vi", "ư": "vi", "ạ": "vi", "ế": "vi", "ộ": "vi", "ĉ": "eo",
    "ĝ": "eo", "ŝ": "eo", "ŭ": "eo", "ĵ": "eo", "ë": "sq nl af", "đ": "hr vi", "č": "cs sk sl hr lt lv",
    "š": "cs sk sl hr lt lv", "ž": "cs sk sl hr lt lv", "·": "ca", "ì": "it vi", "і": "uk be", "ї": "uk",
    "є": "uk", "ґ": "uk", "ў": "be", "ы": "ru be", "э": "ru be", "ё": "ru be", "щ": "ru uk bg", "ъ": "bg",
    "ј": "sr mk", "љ": "sr mk", "њ": "sr mk", "ћ": "sr", "ђ": "sr", "ќ": "mk", "ѓ": "mk", "ѕ": "mk",
    "џ": "sr mk", "پ": "fa ur", "چ": "fa ur", "گ": "fa ur", "ژ": "fa", "ی": "fa ur", "ک": "fa ur", "ة": "ar",
    "ي": "ar", "ك": "ar", "ٹ": "ur", "ڈ": "ur", "ڑ": "ur", "ں": "ur", "ے": "ur", "ہ": "ur",
}  # fmt: skip
LETTERS = {letter: tuple(languages.split()) for letter, languages in _LETTERS.items()}
