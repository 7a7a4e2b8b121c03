"""A name from an export made into a name for a restored file, safe on every system."""

from unicodedata import normalize

from chatvault.vault.member_names import collision_key, free_name, safe_part, split_extension

# What a double click runs, installs, mounts or follows, on any of the three systems; pages and
# drawings can hold scripts, and documents with macros do.
_WINDOWS = """
exe com scr pif bat cmd msi msp mst msc cpl dll ocx sys drv gadget application appref-ms appx
appxbundle msix msixbundle js jse vbs vbe wsf wsh wsc ws sct hta ps1 ps1xml ps2 psc1 psd1 psm1
lnk url scf inf ins isp reg rgs job jar jnlp chm hlp ade adp mde xll wll cdxml diagcab library-ms
search-ms searchconnector-ms settingcontent-ms mad maf mag mam mar mas mat mau mav maw theme
themepack website mcf rdp iso img vhd vhdx udl xbap
"""
_MACOS = """
app command terminal tool workflow action scpt scptd applescript osascript pkg mpkg dmg webloc
inetloc fileloc mobileconfig prefpane kext
"""
_LINUX = """
desktop sh bash csh ksh zsh fish run out elf so ko appimage flatpakref flatpakrepo snap deb rpm
service
"""
_EVERYWHERE = """
py pyc pyo pyw pyz pyzw pl rb php lua class html htm xhtml xht shtml mhtml mht svg svgz xsl xslt
swf docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm slk iqy oqy rqy
"""
_DANGEROUS = frozenset((_WINDOWS + _MACOS + _LINUX + _EVERYWHERE).split())


def safe_name(name: str, taken: set[str]) -> str:
    """A name for a file in a folder, unlike all those given before.

    `taken` holds the keys of names given in this folder and gains the new one. The second file of
    one name becomes `name~2.ext`; so does one that only some system takes for the same.
    """
    chosen = free_name(safe_part(name), taken)
    taken.add(collision_key(chosen))
    return chosen


def dangerous(name: str) -> bool:
    """Whether a system would run or follow a file of this name instead of showing it."""
    # Windows opens `x.exe.` and `x.exe ` as x.exe, and of `x.exe:y` what stands before the colon.
    plain = normalize("NFKC", name).casefold()
    for form in (plain, plain.partition(":")[0]):
        _, extension = split_extension(form.rstrip(". \t\r\n\0"))
        if extension.removeprefix(".") in _DANGEROUS:
            return True
    return False
