"""The rules that decide, as pure functions over small records: quotas, challenges, the pumping guard, money."""
