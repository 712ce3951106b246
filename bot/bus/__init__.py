"""Wake-up calls between the parts of the bot; the database is the truth, the sweep catches what is lost."""
