"""To learn from: softmax regression from its first line."""
