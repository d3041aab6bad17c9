"""Judges operations before, or instead of, a try: which ones fail for sure, which ones probably."""
