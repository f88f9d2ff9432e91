-- Open a challenge, or say why not. KEYS: those of open.lua.

local refused, mark = refuse(KEYS, request)
request.mark = mark
return refused or open(KEYS, request)
