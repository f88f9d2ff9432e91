"""What is sent: texts, templates, how many parts they take, and what a part costs at devsms."""
