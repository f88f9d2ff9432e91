"""The rules that decide, as pure functions over small records: quotas, challenges, the pumping guard, money.

Every store that can lock a row runs these very functions inside its lock; a store that decides elsewhere (a Lua
script, one SQL statement) must agree with them, and ``StoreContract`` checks that it does.
"""
