"""Our icons: strokes on a grid of 24 by 24, drawn in the colour of the text around them."""

_DOTTED_LIST = '<path d="M4 6h.01M4 12h.01M4 18h.01M8.5 6H20M8.5 12H20M8.5 18H20"/>'
_PERSON = '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6"/>'
_RING = '<circle cx="12" cy="12" r="9"/>'
_SHEET = '<path d="M14 3H6.5v18h12V7.5zM14 3v4.5h4.5"/>'
_TRIANGLE = '<path d="M12 4 2.8 20h18.4z"/>'
_OCTAGON = '<path d="M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3z"/>'

# Inner markup of each icon by name.
ICONS: dict[str, str] = {
    "alert": _TRIANGLE + '<path d="M12 10v4.5M12 17.3h.01"/>',
    "arrow-right": '<path d="M4.5 12h15M13.5 6l6 6-6 6"/>',
    "ban": _RING + '<path d="m5.7 5.7 12.6 12.6"/>',
    "building": '<path d="M5 21V4.5h9V21M14 10h5v11M3 21h18M8 8.5h3M8 12h3M8 15.5h3"/>',
    "calendar": '<rect x="3.5" y="5" width="17" height="15.5" rx="1.5"/>'
    '<path d="M3.5 10h17M8 3v4M16 3v4"/>',
    "chart": '<path d="M4 4v16.5h16.5M8.5 17v-5M13 17V7M17.5 17v-8"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7"/>',
    "check-circle": _RING + '<path d="m8 12.3 2.8 2.7L16 9.5"/>',
    "chevron-left": '<path d="m14.5 6-6 6 6 6"/>',
    "chevron-right": '<path d="m9.5 6 6 6-6 6"/>',
    "circle": _RING,
    "clock": _RING + '<path d="M12 7v5l3.5 2"/>',
    "close": '<path d="m6 6 12 12M18 6 6 18"/>',
    "cog": '<circle cx="12" cy="12" r="3.2"/><path d="M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.2 '
    '2.2M16.2 16.2l2.2 2.2M5.6 18.4l2.2-2.2M16.2 7.8l2.2-2.2"/>',
    "copy": '<rect x="8.5" y="8.5" width="12" height="12" rx="1.5"/>'
    '<path d="M15.5 8.5V5A1.5 1.5 0 0 0 14 3.5H5A1.5 1.5 0 0 0 3.5 5v9A1.5 1.5 0 0 0 5 15.5h3.5"/>',
    "dash": '<path d="M6 12h12"/>',
    "directory": '<ellipse cx="12" cy="6" rx="7.5" ry="3"/>'
    '<path d="M4.5 6v12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3V6'
    'M4.5 12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3"/>',
    "download": '<path d="M12 3.5v12M6.5 10.5 12 16l5.5-5.5M4 20.5h16"/>',
    "eye": '<path d="M2.5 12C5 7.5 8.2 5.5 12 5.5s7 2 9.5 6.5'
    'c-2.5 4.5-5.7 6.5-9.5 6.5S5 16.5 2.5 12z"/>'
    '<circle cx="12" cy="12" r="3"/>',
    "file": _SHEET,
    "filter": '<path d="M4 6h16M7 12h10M10 18h4"/>',
    "help": _RING
    + '<path d="M9.5 9.5c.2-1.5 1.2-2.2 2.5-2.2s2.5.9 2.5 2.2c0 1.8-2.5 2-2.5 4M12 16.7h.01"/>',
    "info": _RING + '<path d="M12 11v5.5M12 7.7h.01"/>',
    "jobs": '<path d="M3.5 6 5 7.5 8 4.5M3.5 13 5 14.5l3-3M12 6h8.5M12 13h8.5M4 20h16.5"/>',
    "key": '<circle cx="8" cy="15.5" r="4.5"/><path d="m11.3 12.3 8.2-8.3M16 7.5l3 3"/>',
    "list": _DOTTED_LIST,
    "lock": '<rect x="5" y="10.5" width="14" height="10" rx="1.5"/>'
    '<path d="M8 10.5V7.5a4 4 0 0 1 8 0v3"/>',
    "minus": '<path d="M5 12h14"/>',
    "moon": '<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"/>',
    "pause": _RING + '<path d="M9.8 8.5v7M14.2 8.5v7"/>',
    "pencil": '<path d="M4 20l1-4.5L16.5 4 20 7.5 8.5 19zM14 6.5l3.5 3.5"/>',
    "play": _RING + '<path d="M10 8.3v7.4l6-3.7z"/>',
    "plug": '<path d="M8.5 3v5M15.5 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "printer": '<path d="M7 8.5v-5h10v5M7 17H3.5V8.5h17V17H17M7 14h10v6.5H7z"/>',
    "refresh": '<path d="M20 11A8 8 0 0 0 6 6.5L3.5 9M3.5 4v5h5'
    'M4 13a8 8 0 0 0 14 4.5l2.5-2.5M20.5 20v-5h-5"/>',
    "report": _SHEET + '<path d="M9.5 12h6M9.5 16h6"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>',
    "send": '<path d="M21 3 3 10.5l7 3.5 3.5 7zM21 3 10 14"/>',
    "shield": '<path d="M12 3 4.5 6v5.5c0 4.5 3 7.7 7.5 9.5 4.5-1.8 7.5-5 7.5-9.5V6z"/>',
    "sign-out": '<path d="M10 3.5H4.5v17H10M15 7.5l4.5 4.5-4.5 4.5M19.5 12H9"/>',
    "spinner": '<path d="M12 3a9 9 0 1 1-8.5 6"/>',
    "stop": _OCTAGON + '<path d="M12 7.5v5.5M12 16.3h.01"/>',
    "sun": '<circle cx="12" cy="12" r="4"/><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 '
    '5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"/>',
    "trash": '<path d="M4 6.5h16M9 6.5V4h6v2.5M6 6.5l1 14h10l1-14M10 10.5v6M14 10.5v6"/>',
    "upload": '<path d="M12 16V4M6.5 9 12 3.5 17.5 9M4 20.5h16"/>',
    "user": '<circle cx="12" cy="8" r="4"/><path d="M4 20.5c0-4 3.6-6.5 8-6.5s8 2.5 8 6.5"/>',
    "user-check": _PERSON + '<path d="m16.5 11 2 2 3.5-4"/>',
    "user-minus": _PERSON + '<path d="M16.5 11H22"/>',
    "user-off": _PERSON + '<path d="m17 8.5 5 5M22 8.5l-5 5"/>',
    "user-plus": _PERSON + '<path d="M19.2 8v6M16.2 11h6"/>',
    "users": _PERSON + '<path d="M15.5 4.8a3.5 3.5 0 0 1 0 6.4M17.8 14.5c2.2.8 3.7 2.8 3.7 5.5"/>',
    "x-circle": _RING + '<path d="m9 9 6 6M15 9l-6 6"/>',
}
