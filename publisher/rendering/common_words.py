"""Words that are everywhere and that nobody searches for, by language; lower case, without accents."""

from __future__ import annotations

COMMON = {
    "ar": "من في على الى عن مع ان او هذا هذه التي الذي ما لا كان قد بعد كل",
    "da": "og i at det en den til er som pa de med af for ikke der var et har om",
    "de": "der die das den dem des und oder in im an am auf aus bei mit von vom zu zum zur fur ist sind "
    "war wird werden hat haben ein eine einen einem einer eines nicht auch als wie so es sie er "
    "wir sich um uber nach vor dass aber nur noch",
    "en": "the a an and or of in on at to for from by with is are was were be been it its this that "
    "these those as but not no he she they we you his her their our has have had will would can "
    "more than into about after who what which when where there",
    "es": "el la los las un una de del y o en que a al por para con se su sus es no lo como mas pero",
    "fr": "le la les un une des de du et ou en dans que qui au aux pour par avec sur est sont se sa son "
    "ses ce cette ces il elle ne pas plus",
    "he": "של את על לא הוא היא זה עם אל כל גם או כי אם",
    "it": "il lo la i gli le un una di del della dei e o in che a al per con su si non piu da come",
    "nb": "og i at det en den til er som pa de med av for ikke var et har om",
    "nl": "de het een en of in op van voor met is zijn was te dat die niet aan ook als om er door bij "
    "naar uit",
    "pl": "i w z na do nie sie ze to jest o od po za jak co",
    "pt": "o a os as um uma de do da dos das e ou em no na que por para com se nao mais como",
    "ru": "и в на с по не что из за к о от для как это его до",
    "sv": "och i att det en den till ar som pa de med av for inte var ett har om",
    "tr": "ve bir bu da de icin ile cok daha",
}
COMMON["no"] = COMMON["nb"]
