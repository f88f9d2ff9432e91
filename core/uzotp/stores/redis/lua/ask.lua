-- Why a phone gets no message now, if it gets none: nothing is written. KEYS: those of open.lua.

return refuse(KEYS, request) or {}
