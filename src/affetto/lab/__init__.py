"""The laboratory: corpora, protocols, training and evaluation."""
