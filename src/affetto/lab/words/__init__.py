"""The laboratory of words: training and measuring what hears feeling in text."""
