"""What Whisper's servers call languages, in English, and the codes that the house has for them."""

from __future__ import annotations

from affetto.words.translation.base import base_language

__all__ = ["code_of"]

_NAMES = (
    "af:afrikaans am:amharic ar:arabic as:assamese az:azerbaijani ba:bashkir be:belarusian "
    "bg:bulgarian bn:bengali bo:tibetan br:breton bs:bosnian ca:catalan ca:valencian cs:czech "
    "cy:welsh da:danish de:german el:greek en:english es:spanish es:castilian et:estonian "
    "eu:basque fa:persian fi:finnish fo:faroese fr:french gl:galician gu:gujarati ha:hausa "
    "haw:hawaiian he:hebrew hi:hindi hr:croatian ht:haitian hu:hungarian hy:armenian "
    "id:indonesian is:icelandic it:italian ja:japanese jv:javanese ka:georgian kk:kazakh "
    "km:khmer kn:kannada ko:korean la:latin lb:luxembourgish ln:lingala lo:lao lt:lithuanian "
    "lv:latvian mg:malagasy mi:maori mk:macedonian ml:malayalam mn:mongolian mr:marathi "
    "ms:malay mt:maltese my:burmese my:myanmar ne:nepali nl:dutch nl:flemish nn:nynorsk "
    "no:norwegian oc:occitan pa:punjabi pa:panjabi pl:polish ps:pashto ps:pushto "
    "pt:portuguese ro:romanian ro:moldavian ru:russian sa:sanskrit sd:sindhi si:sinhala "
    "si:sinhalese sk:slovak sl:slovenian sn:shona so:somali sq:albanian sr:serbian "
    "su:sundanese sv:swedish sw:swahili ta:tamil te:telugu tg:tajik th:thai tk:turkmen "
    "tl:tagalog tr:turkish tt:tatar uk:ukrainian ur:urdu uz:uzbek vi:vietnamese yi:yiddish "
    "yo:yoruba yue:cantonese zh:chinese zh:mandarin"
)
_CODES = {pair.partition(":")[2]: pair.partition(":")[0] for pair in _NAMES.split()}


def code_of(said: object) -> str | None:
    """Give the ISO 639-1 code of a language that a server names, or gives the code of.

    Args:
        said: as it came; anything.

    Examples:
        >>> code_of("German"), code_of("pt-BR"), code_of("gibberish"), code_of(None)
        ('de', 'pt', None, None)
    """
    if not isinstance(said, str):
        return None
    name = said.strip().lower()
    code = _CODES.get(name) or base_language(name)
    return code if code in _CODES.values() else None
