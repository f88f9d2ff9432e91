-- Open a challenge, or say why not. KEYS: those of open.lua.

return refuse(KEYS, request) or open(KEYS, request)
